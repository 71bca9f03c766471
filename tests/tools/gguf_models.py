"""Tiny models in GGUF files, written as llama.cpp's converter writes them, and wheels that hold such files."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEXTS = ["Q: Who wrote the book?\nA: Ann", "The quick brown fox  jumps over\n\n12 lazy dogs in 1987", "It's  3.14"]
END = "<|im_end|>"


def save_llama(folder: Path, tied: bool = True) -> Path:
    """Save a randomly initialized Llama, with grouped heads, in Hugging Face layout.

    Its byte-level tokenizer splits numbers into digits, as that of SmolLM2 does.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    pieces = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Sequence(pieces), decoders.ByteLevel()
    alphabet, special = sorted(pre_tokenizers.ByteLevel.alphabet()), ["<|endoftext|>", "<|im_start|>", END]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=special[1], eos_token=END, pad_token=END, unk_token=special[0]
    )
    wrapped.chat_template = "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}"
    wrapped.save_pretrained(folder)
    shape = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(
        vocab_size=len(wrapped), num_key_value_heads=2, tie_word_embeddings=tied, eos_token_id=2, **shape
    )
    torch.manual_seed(1)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def write_gguf(
    path: Path,
    model: Path,
    quantization: str = "F32",
    changes: Mapping[str, Any] = {},
    extra: Mapping[str, Any] = {},
    endian: str = "LITTLE",
) -> Path:
    """Write a Llama with a byte-level tokenizer to a GGUF file.

    Args:
        path: the file to write.
        model: folder of the model in Hugging Face layout.
        quantization: how matrices are stored, for example Q8_0 or F16; vectors are always F32.
        changes: metadata to set, by key; a value of None leaves the key out.
        extra: further tensors by name.
        endian: byte order, LITTLE or BIG.
    """
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama", False, gguf.GGUFEndian[endian])
    for key, value in (_metadata(model, quantization) | dict(changes)).items():
        if value is None:
            writer.kv_data[0].pop(key, None)  # the writer itself sets the architecture
        elif key == "general.architecture":
            writer.kv_data[0][key] = gguf.GGUFValue(value, gguf.GGUFValueType.STRING)
        else:
            _add(writer, key, value)
    for name, weight in [*_tensors(model), *extra.items()]:
        kind = gguf.GGMLQuantizationType[quantization if weight.ndim == 2 else "F32"]
        writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: Any, key: str, value: Any) -> None:
    adders = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
    adders.get(type(value), writer.add_array)(key, value)


def _metadata(model: Path, quantization: str) -> dict[str, Any]:
    """Return the metadata by key, in the order of a converter."""
    import gguf
    from transformers import AutoConfig, AutoTokenizer

    config, tokenizer = AutoConfig.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    special = set(tokenizer.all_special_ids)
    kinds = {"F32": "ALL_F32"}
    return {
        "general.name": "tiny",
        "general.license": "mit",
        "general.file_type": gguf.LlamaFileType[kinds.get(quantization, f"MOSTLY_{quantization}")].value,
        "llama.block_count": config.num_hidden_layers,
        "llama.context_length": config.max_position_embeddings,
        "llama.embedding_length": config.hidden_size,
        "llama.feed_forward_length": config.intermediate_size,
        "llama.attention.head_count": config.num_attention_heads,
        "llama.attention.head_count_kv": config.num_key_value_heads,
        "llama.attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        "llama.rope.freq_base": float(config.rope_parameters["rope_theta"]),
        "llama.rope.dimension_count": config.hidden_size // config.num_attention_heads,
        "llama.vocab_size": config.vocab_size,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm" if "Digits" in json.dumps(state["pre_tokenizer"]) else "gpt-2",
        "tokenizer.ggml.tokens": [token for token, _ in vocabulary],
        "tokenizer.ggml.token_type": [3 if number in special else 1 for _, number in vocabulary],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in state["model"]["merges"]],
        "tokenizer.ggml.bos_token_id": tokenizer.bos_token_id,
        "tokenizer.ggml.eos_token_id": tokenizer.eos_token_id,
        "tokenizer.ggml.padding_token_id": tokenizer.pad_token_id,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": tokenizer.chat_template,
    }


def _tensors(model: Path) -> list[tuple[str, Any]]:
    """Return the weights by their names in GGUF, the rows of queries and keys in the order of llama.cpp."""
    import gguf
    from safetensors.numpy import load_file
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(model)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    found = []
    for name, weight in load_file(model / "model.safetensors").items():
        count = heads.get(name.split(".")[-2])
        if count:
            halves = weight.reshape(count, 2, weight.shape[0] // count // 2, -1)
            weight = halves.swapaxes(1, 2).reshape(weight.shape)
        found.append((f"{names.get_name(name.removesuffix('.weight'))}.weight", weight))
    return found


def write_wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes], metadata: str = "") -> Path:
    """Write a wheel that holds these files, and return its path."""
    stem = f"{name.replace('-', '_')}-{version}"
    info, path = f"{stem}.dist-info", folder / f"{stem}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in {**files, f"{info}/METADATA": head, f"{info}/WHEEL": tags}.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{member},,\n" for member in archive.namelist()))
    return path
