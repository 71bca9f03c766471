"""A tiny world, a model pretrained on it, and tokenizers: shared by the tests that need a model."""

import json
from pathlib import Path

import pytest

from small_world import World, simulate


@pytest.fixture(scope="session")
def tiny_world() -> World:
    shares = {"train": 0.4, "dev": 0.3, "test": 0.3}
    return simulate(90, shares, exemplar_sets=3, num_fewshot=2, draws=2)


@pytest.fixture(scope="session")
def tiny_model(tiny_world, tmp_path_factory) -> Path:
    from gradual_learning.models import pretraining
    from gradual_learning.models.determinism import prepare_torch

    prepare_torch(1)
    folder = tmp_path_factory.mktemp("pretraining")
    settings = pretraining.Pretraining(
        seed=1,
        tokenizer="words",
        vocab_size=0,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        sequence_length=32,
        batch_size=8,
        learning_rate=8e-3,
        warmup_steps=20,
        decay_share=0.5,
        weight_decay=0.01,
        adam_beta2=0.98,
    )
    pretraining.pretrain(tiny_world.documents["text"].tolist(), settings, folder, folder / "model")
    return folder / "model"


@pytest.fixture(scope="session")
def tokenizers(tiny_world) -> dict:
    """Train a tokenizer of each kind: byte-level BPE, one token per word, and SentencePiece-like pieces."""
    from gradual_learning.models import pretraining
    from gradual_learning.models.determinism import prepare_torch

    prepare_torch(1)
    texts = [*tiny_world.documents["text"], *tiny_world.prompts["text"]]
    return {
        "bytes": pretraining.build_tokenizer(texts, "bytes", 400),
        "words": pretraining.build_tokenizer(texts, "words", 0),
        "pieces": _pieces(texts),
    }


def _pieces(texts: list[str]):
    """Train a tokenizer like Llama 2's: a mark for a space starts a piece, bytes as fallback, a start token first."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    special = ["<unk>", "<s>", "</s>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special + fallback, show_progress=False)
    tokenizer.train_from_iterator([text.replace("\n", " ") for text in texts], trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = state["added_tokens"][: len(special)]  # bytes are ordinary pieces, not special tokens
    tokenizer = Tokenizer.from_str(json.dumps(state))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
