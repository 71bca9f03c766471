"""The tokenizer of a GGUF file, with the text splitting that its byte-level merges were learned with.

A GGUF file names this splitting (``tokenizer.ggml.pre``). transformers 5.23 knows some of the names and splits as GPT-2
does under all others, so that numbers and white space become other tokens than those the model was trained on.
"""

from tokenizers import Tokenizer, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.gguf.header import OTHER_LAYOUT, Header, explain_damage

# names with the same splitting, as in llama.cpp (src/llama-vocab.cpp)
_AS_GPT2 = {"gpt-2", "phi-2", "mpt", "olmo", "jais", "exaone4", "mellum", "trillion"}
_SINGLE_DIGITS = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}
_AS_LLAMA3 = {"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"}
_START_TOKEN = _WHOLE_WORDS = {*_AS_LLAMA3, "tekken"}


def read_tokenizer(header: Header) -> PreTrainedTokenizerFast:
    """Build the tokenizer that a GGUF file describes, with its special tokens and its chat template.

    Raises:
        UserError: the tokenizer is of a kind, or splits text in a way, that is not known here.
    """
    split = header.metadata.get("tokenizer.ggml.pre", "default")
    is_byte_level = header.metadata["tokenizer.ggml.model"] == "gpt2"
    if is_byte_level and split not in {*_AS_GPT2, *_SINGLE_DIGITS, *GGUF_PRE_TOKENIZER_SPLITS}:
        raise UserError(
            f"{header.path}: how its tokenizer splits text is unknown (tokenizer.ggml.pre is {split}), and a guess "
            f"would give other tokens than those of the training. {OTHER_LAYOUT}"
        )
    # what the file itself states overrides this argument
    defaults = {"add_bos_token": True} if is_byte_level and split in _START_TOKEN else {}
    with explain_damage(header.path):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(
            str(header.path.parent), gguf_file=header.path.name, local_files_only=True, **defaults
        )
    if is_byte_level:
        _set_splitting(tokenizer.backend_tokenizer, split)
    elif header.metadata.get("tokenizer.ggml.add_space_prefix") is False:
        _remove_space_prefix(tokenizer.backend_tokenizer)
    return tokenizer


def _set_splitting(tokenizer: Tokenizer, split: str) -> None:
    if split in _SINGLE_DIGITS:
        digits, words = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, words])
    if split in _WHOLE_WORDS:
        tokenizer.model.ignore_merges = True  # a word of the vocabulary is one token, whether or not merges lead to it


def _remove_space_prefix(tokenizer: Tokenizer) -> None:
    if isinstance(tokenizer.pre_tokenizer, pre_tokenizers.Metaspace):
        tokenizer.pre_tokenizer.prepend_scheme = "never"
