"""How fast the machine at hand is: the real engine and real training steps on real prompts, for some seconds.

The model is built from its configuration with random weights, as timing asks for nothing else; one that is there
already is taken as it is. Random weights never end an answer and never agree, so what is expected of them is measured
with answers of the expected length and with a share of the samples; what they do by themselves is the most.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import peft
import psutil
import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.initialization import no_init_weights

from gradual_learning import labelling, models, pretraining, prompts, targets, training
from gradual_learning.encoding import Encoder
from gradual_learning.plan.blueprint import Blueprint
from gradual_learning.plan.workload import DISTINCT, Amount, Lengths, Pace
from gradual_learning.sampling import Decoding, Engine, Prompt

BUDGET = 2.0  # seconds that the longest portion of one measurement may take, about
SLOW = 300e6  # parameters above which a processor times one layer and two
ROOM = 0.4  # of the free memory, what a model built for timing may take
LOADING = 1e9  # bytes of weights read a second
TEXTS = 1000  # texts whose tokens are counted


@dataclass(frozen=True)
class Trial:
    """What of an experiment is tried: its questions and prompts (draw 0), and how they are asked and trained on."""

    questions: pd.DataFrame
    prompts: pd.DataFrame
    decoding: Decoding
    samples: int
    batch_tokens: int
    template: str
    lora: training.Lora
    batch_sizes: dict[str, int]  # of training, by method


def mean_lengths(trial: Trial, encoder: Encoder, statements: list[str]) -> Lengths:
    """Count the tokens of a sample of the experiment's texts, unfinished statements of facts included."""
    asked = trial.questions.sample(min(len(trial.questions), TEXTS), random_state=0)
    zero_shot = [prompts.zero_shot(text, trial.template) for text in asked["question"]]
    answers = [
        len(encoder.answers(prompt, texts[:1])[0]) for prompt, texts in zip(zero_shot, asked["answers"], strict=True)
    ]
    examples = _mean_tokens(encoder, trial.prompts["text"].tolist())
    behind = trial.prompts["text"].iloc[0] + asked["question"].map(prompts.few_shot_suffix)
    return Lengths(
        examples=examples,
        question=_mean_tokens(encoder, behind.tolist()) - _mean_tokens(encoder, [trial.prompts["text"].iloc[0]]),
        zero_shot=_mean_tokens(encoder, zero_shot),
        answer=sum(answers) / len(answers) + 1,
        statement=_mean_tokens(encoder, statements),
    )


def _mean_tokens(encoder: Encoder, texts: list[str]) -> float:
    rows = encoder.prompts(texts[:TEXTS]) if texts else []
    return sum(map(len, rows)) / max(len(rows), 1)


def build(config: PreTrainedConfig, dtype: torch.dtype, device: str) -> PreTrainedModel:
    """Return a model with random weights, made without drawing every single one, which takes long."""
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


def shortened(config: PreTrainedConfig, layers: int) -> PreTrainedConfig:
    """Return the configuration of the same model with fewer layers."""
    config = copy.deepcopy(config)
    config.num_hidden_layers = layers
    if vars(config).get("layer_types"):
        config.layer_types = config.layer_types[:layers]
    return config


def extrapolate(one: dict[str, float], two: dict[str, float], layers: int) -> dict[str, float]:
    """Return the seconds of a model of many layers from those of one layer and of two."""
    return {name: one[name] + (layers - 1) * max(two[name] - one[name], 0.0) for name in one}


def calibrate(
    model: Blueprint, encoder: Encoder, trial: Trial, answer_tokens: float, folder: Path
) -> tuple[dict[str, float], str]:
    """Time the work of jobs with the model itself if it is there already, else with random weights.

    Args:
        model: what it is like.
        encoder: over its tokenizer.
        trial: what is done.
        answer_tokens: mean tokens of an answer, its end included.
        folder: where the model itself lies as soon as it is made or fetched.

    Returns:
        What :func:`measure` returns, and what it was measured on.
    """
    tokens, layers = math.ceil(answer_tokens), model.config.get_text_config().num_hidden_layers
    if not _is_handy(model):
        short = (build(shortened(model.config, count), model.dtype, _device()) for count in (1, 2))
        one, two = (measure(part, encoder, trial, tokens) for part in short)
        return extrapolate(one, two, layers), f"random weights in one layer and in two, of {layers}"
    if (folder / "config.json").is_file():
        return measure(models.load_model(folder, None, model.loading), encoder, trial, None), "the base model itself"
    return measure(build(model.config, model.dtype, _device()), encoder, trial, tokens), "random weights"


def to_pace(seconds: dict[str, float], start: float, pretraining_step: float) -> Pace:
    """Put measured seconds in the terms of the plan."""
    kinds = ("greedy", "sampled", "zero_shot")
    asked = {kind: Amount(seconds[kind], max(seconds[kind], seconds[f"{kind}_at_most"])) for kind in kinds}
    trained = {method: seconds[method] for method in ("lora", "full") if method in seconds}
    return Pace(start=start, trained=trained, pretraining_step=pretraining_step, **asked)


def _is_handy(model: Blueprint) -> bool:
    """Tell whether the whole model is made and run within seconds and leaves memory for its work."""
    size = model.parameters * model.dtype.itemsize  # random weights are not quantised
    if torch.cuda.is_available():
        return size < ROOM * torch.cuda.mem_get_info(0)[0]
    return model.parameters <= SLOW and size < ROOM * psutil.virtual_memory().available


def measure(model: PreTrainedModel, encoder: Encoder, trial: Trial, answer_tokens: int | None) -> dict[str, float]:
    """Time the work that jobs are made of.

    Args:
        model: random weights, or the real ones.
        encoder: over its tokenizer.
        trial: what is done.
        answer_tokens: tokens that an answer is expected to have, for random weights; None: the model ends it by itself.

    Returns:
        Seconds of one prompt by kind (greedy, sampled, zero_shot), as expected and (with ``_at_most`` behind the name)
        at most, and of training on one question once by method.
    """
    engine, most = Engine(model, encoder, trial.batch_tokens), trial.decoding
    few_shot, zero_shot = _prompts(trial)
    expected, samples = most, trial.samples
    if answer_tokens is not None:
        expected = replace(most, max_new_tokens=min(answer_tokens, most.max_new_tokens))
        samples = max(1, round(trial.samples * DISTINCT))
    seconds = {}
    for bound, decoding, drawn in (("", expected, samples), ("_at_most", most, trial.samples)):
        seconds[f"greedy{bound}"] = _answering(engine, few_shot, decoding, 0)
        seconds[f"sampled{bound}"] = _answering(engine, few_shot, decoding, drawn)
        seconds[f"zero_shot{bound}"] = _answering(engine, zero_shot, decoding, 0)
    return seconds | {method: _training(model, encoder, trial, method) for method in trial.batch_sizes}


def per_unit(run: Callable[[int], None], most: int) -> float:
    """Return the seconds of one unit of work, at best.

    Portions grow up to ``most`` units or up to one that takes :data:`BUDGET`: only in a large batch is a unit as cheap
    as it is in a job.
    """
    best, count = math.inf, 1
    while True:
        started = time.perf_counter()
        run(count)
        best = min(best, (time.perf_counter() - started) / count)
        following = min(8 * count, most, int(BUDGET / best))
        if count == most or following < min(2 * count, most):
            return best
        count = following


def _prompts(trial: Trial) -> tuple[list[Prompt], list[Prompt]]:
    """Return the few-shot prompts of the relation with most questions under one exemplar set, and the zero-shot ones.

    Prompts of a relation share their beginning, so they are what a real batch is made of.
    """
    relation = trial.questions["relation"].mode().iloc[0]
    asked = trial.questions[(trial.questions["relation"] == relation) & (trial.questions["split"] != "dev")]
    asked = asked.sample(frac=1, random_state=0)
    few_shot = labelling.few_shot_prompts(asked, trial.prompts[trial.prompts["prompt"] == 0])
    zero_shot = [
        Prompt(row.id, 0, relation, prompts.zero_shot(row.question, trial.template)) for row in asked.itertuples()
    ]
    return few_shot, zero_shot


def _answering(engine: Engine, asked: list[Prompt], decoding: Decoding, samples: int) -> float:
    def run(count: int) -> None:
        for _ in engine.answer(asked[:count], decoding, samples, greedy=samples == 0):
            pass

    return per_unit(run, len(asked))


def _training(model: PreTrainedModel, encoder: Encoder, trial: Trial, method: str) -> float:
    """Time whole steps; where a batch takes long, steps on a part of one."""
    rows = trial.questions[trial.questions["split"] == "train"].head(trial.batch_sizes[method]).to_dict("records")
    items = targets.encode_all(rows, trial.template, encoder)
    with _trainable(model, method, trial.lora) as trained:
        optimizer = torch.optim.AdamW([weight for weight in trained.parameters() if weight.requires_grad], lr=1e-6)

        def run(count: int) -> None:
            batch = targets.collate(items[:count], encoder.end)
            with _mixed(model):
                loss = trained(**{name: part.to(model.device) for name, part in batch.items()}).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        return per_unit(run, len(items))


@contextmanager
def _trainable(model: PreTrainedModel, method: str, lora: training.Lora) -> Iterator[PreTrainedModel]:
    """Make the weights trainable that a method trains, and take off again what it lays over the model."""
    if method == "full":
        yield model.requires_grad_(True)
        return
    adapted = peft.get_peft_model(model, training.adapter_config(lora, model))
    yield adapted
    adapted.unload()


def _mixed(model: PreTrainedModel) -> AbstractContextManager:
    """Compute as training does: in 16 bit where a GPU holds the weights so."""
    is_mixed = model.device.type == "cuda" and model.dtype.itemsize == 2
    return torch.autocast("cuda", model.dtype) if is_mixed else nullcontext()


def pretraining_step(model: Blueprint, settings: pretraining.Pretraining, threads: int) -> float:
    """Time a step of pretraining, which has threads of its own; in seconds."""
    trained = pretraining.build_model(model.tokenizer, settings).to(_device())
    optimizer = torch.optim.AdamW(trained.parameters())
    batch = model.sequences[: settings.batch_size].to(trained.device)

    def run(count: int) -> None:
        for _ in range(count):
            trained(input_ids=batch, labels=batch).loss.backward()
            optimizer.step()
            optimizer.zero_grad()

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return per_unit(run, most=64)
    finally:
        torch.set_num_threads(before)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
