"""The speed of this machine: the engine and training steps run on real prompts for a few seconds.

The base model is timed if it exists already, otherwise random weights of its shape. Random weights do not end their
answers, and hardly two of their samples are equal. The expected time is therefore that of answers of the expected
length and of the expected number of different samples; the upper bound has the longest answers and all samples.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import peft
import psutil
import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.initialization import no_init_weights

from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge import labeling
from gradual_learning.models import pretraining
from gradual_learning.models.architecture import shortened
from gradual_learning.models.loading import load_model
from gradual_learning.plan import cost
from gradual_learning.plan.cost import Cost
from gradual_learning.plan.model_spec import ModelSpec
from gradual_learning.plan.workload import DISTINCT, Workload
from gradual_learning.training import examples
from gradual_learning.training.trainable_model import adapter_config

LARGE = 300e6  # parameters above which a CPU times one and two layers of a model instead of all
MEMORY_SHARE = 0.4  # of the free memory, for random weights
BYTES_PER_SECOND = 1e9  # at which weights are read

KINDS = ("greedy", "sampled", "zero_shot")  # of answers; the first two follow exemplars
Costs = dict[str, Cost]


@dataclass(frozen=True)
class Timings:
    """Seconds on this machine.

    Attributes:
        start: until a process has loaded the model.
        expected: of prompts that share their exemplars, for each of :data:`KINDS`: ``sampled`` is a greedy answer and
            all samples, the others are a greedy answer.
        at_most: the upper bound of it.
        trained: of the questions in an optimizer step, by training method.
        pretraining_step: per step of pretraining; 0 for a model from elsewhere.
        model: description of the timed model.
    """

    start: float
    expected: Costs
    at_most: Costs
    trained: Costs
    pretraining_step: float
    model: str


def calibrate(workload: Workload, folder: Path, import_seconds: float, pretraining_threads: int) -> Timings:
    """Time the work of the jobs.

    Args:
        workload: the experiment.
        folder: of the base model, if it exists already.
        import_seconds: until a process has imported its libraries.
        pretraining_threads: threads of the job that pretrains the base model.
    """
    costs, model = _measure_model(workload, folder)
    return Timings(
        start=import_seconds + workload.spec.stored_bytes / BYTES_PER_SECOND,
        expected={kind: costs[kind] for kind in KINDS},
        at_most={kind: costs[kind].at_least(costs[f"{kind}_at_most"]) for kind in KINDS},
        trained={method: costs[method] for method in workload.batch_sizes},
        pretraining_step=time_pretraining_step(workload, pretraining_threads) if workload.spec.is_pretrained else 0.0,
        model=model,
    )


def _measure_model(workload: Workload, folder: Path) -> tuple[Costs, str]:
    """Choose the model to time; return its costs, and its description."""
    spec = workload.spec
    if not _can_be_timed(spec):
        layers = spec.config.get_text_config().num_hidden_layers
        short = (build(shortened(spec.config, count), spec.dtype, _device()) for count in (1, 2))
        one, two = (measure(model, workload, is_random=True) for model in short)
        return extrapolate(one, two, layers), f"random weights, extrapolated from 1 and 2 layers to {layers}"
    if (folder / "config.json").is_file():
        return measure(load_model(folder, None, spec.loading), workload, is_random=False), "the base model"
    return measure(build(spec.config, spec.dtype, _device()), workload, is_random=True), "random weights"


def _can_be_timed(spec: ModelSpec) -> bool:
    """Return whether the whole model runs within seconds and leaves memory for its work."""
    size = spec.parameters * spec.dtype.itemsize  # random weights are not quantized
    if torch.cuda.is_available():
        return size < MEMORY_SHARE * torch.cuda.mem_get_info(0)[0]
    return spec.parameters <= LARGE and size < MEMORY_SHARE * psutil.virtual_memory().available


def build(config: PreTrainedConfig, dtype: torch.dtype, device: str) -> PreTrainedModel:
    """Return a model whose weights repeat one random block, since drawing each of them takes long."""
    with torch.device(device), no_init_weights():
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
        block = torch.randn(1 << 20, dtype=dtype) * 0.02
    model.tie_weights()
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            weight.data.fill_(0.0 if name.endswith("bias") else 1.0)
            continue
        for piece in weight.data.view(-1).split(len(block)):
            piece.copy_(block[: len(piece)])
    return model.eval()


def extrapolate(one: Costs, two: Costs, layers: int) -> Costs:
    """Return the costs of a model from those of one and of two of its layers."""
    return {
        name: Cost(
            first.fixed + (layers - 1) * max(two[name].fixed - first.fixed, 0.0),
            first.marginal + (layers - 1) * max(two[name].marginal - first.marginal, 0.0),
        )
        for name, first in one.items()
    }


def measure(model: PreTrainedModel, workload: Workload, is_random: bool) -> Costs:
    """Time answers and training steps.

    Returns:
        The cost of prompts for each of :data:`KINDS`, as expected and, with the suffix ``_at_most``, the upper bound,
        and the cost of the questions in an optimizer step for each training method.
    """
    knowledge = workload.config["knowledge"]
    longest = Decoding(**{key: knowledge[key] for key in ("seed", "temperature", "top_k", "max_new_tokens")})
    expected, samples = longest, knowledge["samples_per_prompt"]
    distinct = samples
    if is_random:
        answer_tokens = math.ceil(workload.lengths.answer)
        expected = replace(longest, max_new_tokens=min(answer_tokens, longest.max_new_tokens))
        distinct = max(1, round(samples * DISTINCT))
    engine, (few_shot, zero_shot) = Engine(model, workload.encoder, knowledge["batch_tokens"]), _prompts(workload)
    costs = {}
    for suffix, decoding, count in (("", expected, distinct), ("_at_most", longest, samples)):
        costs[f"greedy{suffix}"] = _time_answers(engine, few_shot, decoding, 0)
        costs[f"sampled{suffix}"] = _time_answers(engine, few_shot, decoding, count)
        costs[f"zero_shot{suffix}"] = _time_answers(engine, zero_shot, decoding, 0)
    return costs | {method: _time_training(model, workload, method) for method in workload.batch_sizes}


def _prompts(workload: Workload) -> tuple[list[Prompt], list[Prompt]]:
    """Return few-shot and zero-shot prompts of the largest relation, under one exemplar set, like a real batch."""
    questions, exemplars = workload.questions, workload.label_prompts
    relation = questions["relation"].mode().iloc[0]
    chosen = questions[(questions["relation"] == relation) & (questions["split"] != "dev")]
    chosen = chosen.sample(frac=1, random_state=0)
    few_shot = labeling.few_shot_prompts(chosen, exemplars[exemplars["prompt"] == 0])
    return few_shot, [Prompt(row.id, 0, relation, workload.zero_shot(row.question)) for row in chosen.itertuples()]


def _time_answers(engine: Engine, prompts: list[Prompt], decoding: Decoding, samples: int) -> Cost:
    """Time the greedy answers to prompts, and their samples where there are any."""

    def run(count: int) -> None:
        for _ in engine.answer(prompts[:count], decoding, samples):
            pass

    return cost.measure(run, len(prompts))


def _time_training(model: PreTrainedModel, workload: Workload, method: str) -> Cost:
    """Time the questions in an optimizer step."""
    encoder, questions = workload.encoder, workload.questions
    rows = questions[questions["split"] == "train"].head(workload.batch_sizes[method]).to_dict("records")
    items = examples.encode_examples(rows, workload.config["training"]["prompt"], encoder)
    if method == "full":
        trained = model.requires_grad_(True)
    else:
        trained = peft.get_peft_model(model, adapter_config(workload.lora, model))
    step = _optimizer_step(trained)
    measured = cost.measure(lambda count: step(examples.collate(items[:count], encoder.eos_token_id)), len(items))
    if method != "full":
        trained.unload()  # the next method trains the same model
    return measured


def time_pretraining_step(workload: Workload, threads: int) -> float:
    """Return the seconds of an optimizer step of pretraining, which has its own number of threads."""
    settings = pretraining.Pretraining(**workload.config["pretraining"])
    step = _optimizer_step(pretraining.build_model(workload.spec.tokenizer, settings).to(_device()))
    rows = workload.spec.sequences[: settings.batch_size]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        batch = {"input_ids": rows, "labels": rows}
        return cost.measure(lambda count: [step(batch) for _ in range(count)], most=64).marginal
    finally:
        torch.set_num_threads(before)


def _optimizer_step(model: PreTrainedModel) -> Callable[[dict[str, torch.Tensor]], None]:
    """Return a function that trains the model on a batch, in mixed precision where a GPU holds 16-bit weights."""
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-6)
    device, dtype = model.device, model.dtype
    is_mixed = device.type == "cuda" and dtype.itemsize == 2

    def step(batch: dict[str, torch.Tensor]) -> None:
        with torch.autocast("cuda", dtype) if is_mixed else nullcontext():
            loss = model(**{name: part.to(device) for name, part in batch.items()}).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
