"""Tiny models with the file layout of the hub."""

from pathlib import Path

TEXTS = ["Q: Who wrote the book?\nA: Ann", "The quick brown fox jumps over the lazy dog", "0123456789"]


def save_qwen2(folder: Path) -> Path:
    """Save a randomly initialized Qwen2 with a byte-level tokenizer and two weight files of 13 MB."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(TEXTS, vocab_size=400, special_tokens=["<|endoftext|>"])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer._tokenizer, eos_token="<|endoftext|>").save_pretrained(folder)
    torch.manual_seed(1)
    shape = {"hidden_size": 256, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Qwen2Config(vocab_size=12_500, num_key_value_heads=1, tie_word_embeddings=False, **shape)
    Qwen2ForCausalLM(config).save_pretrained(folder, max_shard_size="14MB")
    return folder
