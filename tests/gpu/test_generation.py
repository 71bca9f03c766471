"""The engine on a GPU: exact greedy answers, 16-bit weights, and its speed next to that of other engines."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, set_seed

import baselines
import labeling as benchmark
import native_engine
import timing
from cases import Case
from gradual_learning.generation import vllm
from gradual_learning.generation.cache_strategies import SharedPrefix
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder

pytestmark = pytest.mark.slow
DEEP = 12  # layers: their errors of rounding add up
REPEATS = 2  # timed rounds
FACTOR = 1.25  # largest error of the shared prefix, in multiples of the error of a plain pass of the same type


def sizes(width, layers):
    """Return the configuration of each architecture."""
    plain = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": layers}
    plain["num_attention_heads"] = 4
    grouped = plain | {"num_key_value_heads": 2, "head_dim": width // 4}
    return {
        "llama": grouped,
        "qwen2": grouped | {"tie_word_embeddings": True},
        "qwen3": grouped,
        "mistral": grouped | {"sliding_window": 512},
        "gemma2": grouped | {"sliding_window": 12, "tie_word_embeddings": False},  # tied ones repeat the last token
        "gpt2": {"n_embd": width, "n_layer": layers, "n_head": 4},
        "phi": plain,
        "gpt_neox": plain,
        "opt": plain | {"ffn_dim": 2 * width, "word_embed_proj_dim": width},
        "bloom": {"hidden_size": width, "n_layer": layers, "n_head": 4},
    }


def save_random_model(family, config, tokenizer, folder, spread=1.7):
    """Save a model whose weights vary so much (in units of 1 / sqrt(width)) that no two tokens are equally likely."""
    ends = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id")}
    config = config | {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.eos_token_id, **ends}
    config["initializer_range"] = spread * config.get("hidden_size", config.get("n_embd")) ** -0.5
    set_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[family](**config))
    model.save_pretrained(folder)


@pytest.fixture(scope="module")
def encoder(model_folder):
    return Encoder(load_tokenizer(model_folder))


@pytest.fixture(scope="module")
def prompts(world):
    """A few questions of every relation after every exemplar set, in groups that share their exemplars."""
    chosen = world.train.groupby("relation").head(4)
    return labeling.few_shot_prompts(chosen, world.prompts)


@pytest.mark.parametrize("family", sizes(1, 1))
def test_greedy_answers_in_float32_equal_those_of_generate(family, scale, encoder, prompts, tmp_path):
    save_random_model(family, sizes(scale.random_width, scale.random_layers)[family], encoder.tokenizer, tmp_path)
    engine = Engine(load_model(tmp_path), encoder, 4096)
    answers = list(engine.answer(prompts, Decoding(max_new_tokens=8), 0))
    assert len({answer.greedy for answer in answers}) > 1
    for answer in answers[::5]:
        start = torch.tensor(encoder.encode_prompts([answer.prompt.text]), device=engine.model.device)
        stops = engine.stop_tokens.tolist()
        whole = engine.model.generate(start, max_new_tokens=8, do_sample=False, eos_token_id=stops)
        assert answer.greedy == encoder.decode(whole[:, start.shape[1] :].tolist())[0]


@torch.inference_mode()
def two_steps(engine, prompts):
    """Read prompts and append one token to each; return the token ids of both steps, and the logits after them."""
    texts, found = [], []
    for batch, rows in engine.batches(prompts, 2):
        tokens = engine.encoder.encode_prompts([prompt.text for prompt in batch])
        added = rows.logits.argmax(dim=-1).cpu().numpy()
        found.append(rows.logits)
        rows.advance(np.arange(len(batch)), added)
        found.append(rows.logits)
        texts += [*tokens, *([*row, int(token)] for row, token in zip(tokens, added, strict=True))]
    return texts, torch.cat(found)


@torch.inference_mode()
def plain_pass(model, texts):
    rows = [model(torch.tensor([row], device=model.device), use_cache=False).logits[0, -1].float() for row in texts]
    return torch.stack(rows)


def error_of(actual, expected):
    """Return the root mean square error of logits, in units of their standard deviation."""
    return float((actual - expected).square().mean().sqrt() / expected.std())


@pytest.fixture(scope="module", params=["pretrained", "random"])
def model_in_32_bits(request, scale, model_folder, encoder, tmp_path_factory):
    """A model with small errors of rounding, and one with the large errors of a deep model."""
    if request.param == "pretrained":
        return request.param, model_folder
    folder = tmp_path_factory.mktemp("random")
    save_random_model("llama", sizes(scale.random_width, DEEP)["llama"], encoder.tokenizer, folder, spread=3)
    return request.param, folder


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_shared_prefix_in_16_bits_is_as_exact_as_a_plain_pass(dtype, model_in_32_bits, encoder, prompts, capsys):
    name, folder = model_in_32_bits
    engine = Engine(load_model(folder, loading=Loading(dtype)), encoder, 4096)
    texts, logits = two_steps(engine, prompts)
    exact = plain_pass(load_model(folder, loading=Loading("float32")), texts)
    shared, plain = (error_of(found, exact) for found in (logits, plain_pass(engine.model, texts)))
    with capsys.disabled():
        print(f"\n{name} model, {dtype}: error of the logits {shared:.4f}, of a plain pass {plain:.4f}")
    assert engine.strategy is SharedPrefix
    assert shared <= FACTOR * plain


class Vllm(native_engine.NativeEngine):
    """vLLM in this process; it draws all samples."""

    name = "vllm"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_speed_of_the_engines_is_measured(dtype, scale, world, model_folder, encoder, capsys):
    chosen = world.train.sample(n=scale.questions, random_state=1)
    case = Case("pretrained model", model_folder, chosen, world.prompts)
    engine = native_engine.engine(case, dtype)
    runners = [native_engine.NativeEngine(engine, case, mode, scale.questions) for mode in ("full", "lazy")]
    runners.append(baselines.tune(baselines.Generate(engine, case, scale.slow_questions), (16, 64)))
    if dtype == "bfloat16" and find_spec("vllm"):  # once: vLLM keeps most of the memory of the GPU
        torch.cuda.empty_cache()
        other = vllm.open_engine(model_folder, None, Loading(dtype), encoder, native_engine.BATCH_TOKENS)
        runners.append(Vllm(other, case, "full", scale.questions))
    table = timing.run(runners, chosen, REPEATS)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    table.insert(0, "model", f"{native_engine.parameters(engine) / 1e6:.1f} M, {dtype}, {device}")
    with capsys.disabled():
        print(f"\n\n{benchmark.markdown(table)}")
    same = dict(zip(table["labeled by"].str.split(",").str[0], table["same greedy answers (%)"], strict=True))
    if dtype == "float32":
        assert same["lazy"] == 100 and same["generate"] > 99
