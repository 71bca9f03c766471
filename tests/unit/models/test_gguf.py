"""GGUF files become the model that they were made from, with its tokens; unusable ones are named with the remedy."""

import json

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from gguf_models import save_llama, write_gguf
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.gguf.conversion import convert
from gradual_learning.models.gguf.header import read_header
from gradual_learning.models.gguf.tokenizer import read_tokenizer
from gradual_learning.models.loading import Loading, load_model, load_tokenizer

STRINGS = [
    *(
        "In 1987 he was 42.",
        "Year:  1987",
        "a\n\n1987\n\n\n  12",
        "x² + y³ = ½ Ⅷ",
        "It's we'll café ﬁ 日本語 \uff11\uff12",
    ),
    *("  two  spaces\n\n\tTab 1\t\t22", "\r\n\r\n1", "<|im_start|>Ann<|im_end|> x", "emoji 👩‍👩‍👧 ١٢٣", "end   ", " "),
]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return save_llama(tmp_path_factory.mktemp("gguf") / "llama")


@pytest.fixture
def converted(tmp_path):
    """Convert a GGUF file, and return the folder and what is reported of it."""

    def run(file, with_weights=True):
        folder = tmp_path / "converted"
        folder.mkdir()
        return folder, convert(file, folder, with_weights)

    return run


def weights(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()


@pytest.mark.parametrize("tied", [True, False])
def test_the_converted_model_is_the_original_rounded_to_16_bits(converted, tied, tmp_path):
    original = save_llama(tmp_path / "llama", tied)
    folder, made = converted(write_gguf(tmp_path / "a.gguf", original))
    expected, found = weights(original), weights(folder)
    assert all(torch.equal(found[name], weight.bfloat16().float()) for name, weight in expected.items())
    assert (made["dtype"], made["quantization"], made["license"]) == ("bfloat16", "F32", "mit")
    ids = torch.tensor([[5, 9, 200, 31, 7]])
    with torch.no_grad():
        before, after = (load_model(path, loading=Loading("float32"))(ids).logits for path in (original, folder))
    assert torch.allclose(before, after, atol=2e-2 * before.abs().max())
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config and config["dtype"] == "bfloat16"
    assert config["tie_word_embeddings"] == tied


@pytest.mark.parametrize(
    ("kind", "dtype"), [("Q8_0", "bfloat16"), ("Q4_1", "bfloat16"), ("F16", "float16"), ("BF16", "bfloat16")]
)
def test_the_weights_are_those_of_the_file_in_16_bits(llama, converted, tmp_path, kind, dtype):
    folder, made = converted(write_gguf(tmp_path / "a.gguf", llama, kind))
    assert (made["dtype"], made["quantization"]) == (dtype, kind)
    (stored,) = [tensor for tensor in gguf.GGUFReader(tmp_path / "a.gguf").tensors if "0.ffn_up" in tensor.name]
    expected = torch.from_numpy(gguf.dequantize(stored.data, stored.tensor_type))
    found = weights(folder)["model.layers.0.mlp.up_proj.weight"]
    assert torch.equal(found, expected.to(getattr(torch, dtype)).float())


def test_tokens_are_those_of_the_original(llama, converted, tmp_path):
    folder, _ = converted(write_gguf(tmp_path / "a.gguf", llama), with_weights=False)
    expected, found = AutoTokenizer.from_pretrained(llama), load_tokenizer(folder)
    assert [found(text).input_ids for text in STRINGS] == [expected(text).input_ids for text in STRINGS]
    assert [found.decode(found(text).input_ids) for text in STRINGS] == STRINGS
    special = ("bos_token_id", "eos_token_id", "pad_token_id", "chat_template")
    assert [getattr(found, name) for name in special] == [getattr(expected, name) for name in special]


def test_the_named_splitting_changes_tokens(llama, tmp_path):
    files = {name: {"tokenizer.ggml.pre": name} for name in ("smollm", "gpt-2")}
    digits, words = (
        read_tokenizer(read_header(write_gguf(tmp_path / f"{name}.gguf", llama, changes=changes)))
        for name, changes in files.items()
    )
    assert digits("a\n\n1").input_ids != words("a\n\n1").input_ids


def test_a_splitting_with_a_start_token_adds_it_unless_the_file_says_otherwise(llama, tmp_path):
    changes = {"tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.add_bos_token": None}
    tokenizer = read_tokenizer(read_header(write_gguf(tmp_path / "a.gguf", llama, changes=changes)))
    assert tokenizer("fox").input_ids[0] == tokenizer.bos_token_id
    changes["tokenizer.ggml.add_bos_token"] = False
    tokenizer = read_tokenizer(read_header(write_gguf(tmp_path / "b.gguf", llama, changes=changes)))
    assert tokenizer("fox").input_ids[0] != tokenizer.bos_token_id


@pytest.mark.parametrize("prefix", [None, False])
def test_sentencepiece_tokens_are_those_of_the_original(llama, tokenizers, converted, tmp_path, prefix):
    original = tokenizers["pieces"]
    state = json.loads(original.backend_tokenizer.to_str())["model"]
    vocabulary = sorted(state["vocab"], key=state["vocab"].__getitem__)
    order = {"".join(pair): -float(number) for number, pair in enumerate(state["merges"])}
    kinds = {"<unk>": 2, "<s>": 3, "</s>": 3} | {f"<0x{byte:02X}>": 6 for byte in range(256)}
    changes = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": vocabulary,
        "tokenizer.ggml.scores": [order.get(token, -1e6) for token in vocabulary],
        "tokenizer.ggml.token_type": [kinds.get(token, 1) for token in vocabulary],
        "tokenizer.ggml.merges": None,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_space_prefix": prefix,
        "tokenizer.chat_template": None,
    }
    folder, _ = converted(write_gguf(tmp_path / "a.gguf", llama, changes=changes), with_weights=False)
    found = load_tokenizer(folder)
    if prefix is None:
        assert [found(text).input_ids for text in STRINGS] == [original(text).input_ids for text in STRINGS]
    else:
        assert found("the dog").input_ids[1:] == original(" the dog", add_special_tokens=False).input_ids[1:]


def cut(share):
    def damage(path):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return damage


def edited(position, content):
    def damage(path):
        path.write_bytes(path.read_bytes()[:position] + content + path.read_bytes()[position + len(content) :])

    return damage


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut(0), ["not a GGUF file"]),
        (cut(0.02), ["truncated or damaged", "Get the file again"]),
        (cut(0.5), ["truncated or damaged", "Get the file again"]),
        (cut(0.999), ["truncated or damaged", "Get the file again"]),
        (edited(0, b"ggjt"), ["not a GGUF file"]),
        (edited(0, b"version https://git-lfs.github.com"), ["Git LFS", "git lfs pull"]),
        (edited(4, b"\x01"), ["version 1", "2 and 3"]),
        (edited(4, b"\x63"), ["version 99", "2 and 3"]),
        (edited(8, b"\xff" * 6), ["truncated or damaged"]),  # number of tensors
        (edited(16, b"\xff" * 6), ["truncated or damaged"]),  # number of keys
        (lambda path: path.unlink(), ["no such file", "model.path"]),
    ],
)
def test_a_damaged_or_foreign_file_is_named_with_the_remedy(llama, converted, tmp_path, damage, words):
    file = write_gguf(tmp_path / "a.gguf", llama)
    damage(file)
    refused(lambda: converted(file), [str(file), *words])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general.architecture": "clip"}, ["architecture clip is not supported", "Hugging Face layout"]),
        ({"general.architecture": "t5"}, ["t5 is not a causal language model"]),
        ({"tokenizer.ggml.tokens": None}, ["no tokenizer"]),
        ({"tokenizer.ggml.model": None}, ["no tokenizer"]),
        ({"tokenizer.ggml.model": "rwkv"}, ["'rwkv'", "Supported"]),
        ({"tokenizer.ggml.merges": ["no such"]}, ["truncated or damaged"]),
        ({"tokenizer.ggml.eos_token_id": None}, ["no end token", "gguf-new-metadata"]),
        ({"tokenizer.ggml.eos_token_id": 10**6}, ["truncated or damaged"]),
        ({"tokenizer.ggml.pre": "viking"}, ["tokenizer.ggml.pre is viking", "Hugging Face layout"]),
        ({"tokenizer.ggml.pre": None}, ["tokenizer.ggml.pre is default"]),
        ({"split.count": 3}, ["one of 3 parts", "llama-gguf-split --merge"]),
        ({"llama.rope.scaling.type": "yarn"}, ["llama.rope.scaling.type is yarn"]),
        ({"llama.block_count": 3}, ["the file holds", "the model that transformers builds"]),
        ({"llama.embedding_length": 32}, ["the file holds", "the model that transformers builds"]),
    ],
)
def test_a_file_whose_content_cannot_be_used_is_named_with_the_remedy(llama, converted, tmp_path, changes, words):
    file = write_gguf(tmp_path / "a.gguf", llama, changes=changes)
    refused(lambda: converted(file), [str(file), *words])


def test_tensors_that_transformers_ignores_are_refused(llama, converted, tmp_path):
    file = write_gguf(tmp_path / "a.gguf", llama, extra={"rope_freqs.weight": np.ones(8, np.float32)})
    refused(lambda: converted(file), [str(file), "among them rope_freqs.weight", "Hugging Face layout"])


def test_a_big_endian_file_is_named_with_the_tool_that_converts_it(llama, converted, tmp_path):
    file = write_gguf(tmp_path / "a.gguf", llama, endian="BIG")
    refused(lambda: converted(file), [str(file), "big-endian", "gguf-convert-endian a.gguf little"])


def test_weights_that_are_no_numbers_are_refused(converted, tmp_path):
    original = save_llama(tmp_path / "llama")
    model = AutoModelForCausalLM.from_pretrained(original)
    model.model.norm.weight.data[3] = torch.nan
    model.save_pretrained(original)
    refused(lambda: converted(write_gguf(tmp_path / "a.gguf", original)), ["a.gguf", "not finite"])


def refused(call, words):
    with pytest.raises(UserError) as caught:
        call()
    assert not [word for word in words if word not in str(caught.value)], caught.value
