"""The model card of an exported model: what it is, how it was made, its figures, how to load it, its limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from huggingface_hub import ModelCardData

from gradual_learning.evaluation.table_values import FEW_SHOT, FULL, NO_EPOCH
from gradual_learning.experiment import BASE, chain_name
from gradual_learning.export import snippet
from gradual_learning.models.adapters import hub_origin
from gradual_learning.report import wording
from gradual_learning.report.methods import MODEL_KEYS
from gradual_learning.tables.schemas import SPLITS

PRIVATE = {"path"}  # of what is recorded about a model or a data set: says nothing on another machine
DATA_KEYS = ("repository", "revision", "commit", "url", "sha256")
HALF = {"bfloat16", "float16"}


@dataclass(frozen=True)
class Export:
    """Everything that the card states.

    Attributes:
        strategy: name of the exported strategy.
        stages: name and settings of each of its stages, in the order of training.
        accuracies: validation accuracy of the final checkpoint by seed.
        seed: the exported one.
        correct: whether the exported model answers each test question correctly.
        questions: columns of ``schemas.QUESTIONS``.
        tables: accuracy, comparisons, forgetting and training_data, by name.
        export_format: merged or adapter.
        dtype: of the exported weights.
        model: section ``model`` of the configuration.
        model_source: what is recorded about the base model, empty where the workflow pretrained it.
        data: name of the data set (``data.source``).
        data_source: what is recorded about the data set, empty where the questions are simulated.
        prompt: ``training.prompt``.
        max_new_tokens: maximum length of an answer.
        confidence: coverage of the intervals.
    """

    strategy: str
    stages: Sequence[Mapping[str, Any]]
    accuracies: Mapping[int, float]
    seed: int
    correct: Sequence[bool]
    questions: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    export_format: str
    dtype: str
    model: Mapping[str, Any]
    model_source: Mapping[str, Any]
    data: str
    data_source: Mapping[str, Any]
    prompt: str
    max_new_tokens: int
    confidence: float

    @property
    def base(self) -> str:
        """The base model in words."""
        if not self.model_source:
            return "a base model that the workflow pretrained"
        name = self.model_source.get("name")
        return f"`{name}`" if name else f"a local model ({self.model_source.get('architecture')})"

    @property
    def example(self) -> str:
        """The question in the example: the first of the test split."""
        return self.questions.loc[self.questions["split"] == "test", "question"].iloc[0]


def write(export: Export) -> str:
    """Write the card: YAML front matter and Markdown."""
    sections = {
        "How it was made": _making(export),
        "Figures": _figures(export),
        "How to load it": snippet.loading(
            export.export_format,
            export.strategy,
            hub_origin(export.model_source),
            snippet.Prompting(export.prompt, export.model["chat_template"], export.max_new_tokens),
            export.example,
        ),
        "Prompt": _prompting(export),
        "Limits": "\n".join(f"- {limit}" for limit in _limits(export)),
    }
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    return f"---\n{_metadata(export)}\n---\n\n# {export.strategy}\n\n{_opening(export)}\n\n{body}\n"


def _metadata(export: Export) -> str:
    is_adapter = export.export_format == "adapter"
    origin, license_name = hub_origin(export.model_source), export.model_source.get("license")
    data = ModelCardData(
        license=license_name.lower() if license_name else None,
        base_model=origin.get("name"),
        base_model_relation=("adapter" if is_adapter else "finetune") if origin else None,
        library_name="peft" if is_adapter else "transformers",
        pipeline_tag="text-generation",
        datasets=[export.data_source["repository"]] if "repository" in export.data_source else None,
        tags=["gradual-learning", "closed-book-question-answering", *(["lora"] if is_adapter else [])],
    )
    return data.to_yaml()


def _opening(export: Export) -> str:
    kind = "LoRA adapter" if export.export_format == "adapter" else "language model"
    stages = "one stage" if len(export.stages) == 1 else f"{len(export.stages)} stages"
    return (
        f"A {kind} that answers short factual questions from memory: {export.base}, fine-tuned in {stages} by the"
        f" strategy `{export.strategy}` of gradual-learning, a workflow that selects training questions by how well a"
        " model knows their answers."
    )


def _making(export: Export) -> str:
    counts = export.questions["split"].value_counts()
    sizes = ", ".join(f"{counts.get(split, 0):,} {split}" for split in SPLITS)
    accuracies = ", ".join(f"{seed}: {wording.share(value)}" for seed, value in sorted(export.accuracies.items()))
    return "\n\n".join(
        [
            _base_model(export),
            f"**Data set.** `{export.data}`: {sizes} questions, {export.questions['relation'].nunique()} relations."
            f"{_recorded(export.data_source, DATA_KEYS)}",
            f"**Seed.** {export.seed}, which has the highest validation accuracy of all seeds ({accuracies}). The"
            " weights are those of the best epoch by validation accuracy.",
            f"**Stages.** C is the category of a question under the checkpoint from which a stage starts.\n\n"
            f"{_stages(export)}",
            f"**Training settings.**\n\n{_settings(export)}",
        ]
    )


def _base_model(export: Export) -> str:
    if not export.model_source:
        return "**Base model.** Pretrained by the workflow on documents that it wrote itself."
    license_name = export.model_source.get("license") or "not recorded; look it up before you publish this model"
    return f"**Base model.** {export.base}. License: {license_name}.{_recorded(export.model_source, MODEL_KEYS)}"


def _recorded(facts: Mapping[str, Any], keys: Sequence[str]) -> str:
    """List recorded facts that mean something on another machine."""
    shown = [f"\n- {key}: `{facts[key]}`" for key in keys if facts.get(key) is not None and key not in PRIVATE]
    return "\n" + "".join(shown) if shown else ""


def _stages(export: Export) -> str:
    table = export.tables["training_data"]
    rows = ["| stage | trains on | questions | steps | epochs, best |", "|---|---|---|---|---|"]
    for number, stage in enumerate(export.stages, start=1):
        chain = chain_name([part["name"] for part in export.stages[:number]])
        own = table[(table["checkpoint"] == chain) & (table["seed"] == export.seed)]
        formula = own["formula"].iloc[0].replace("|", r"\|") if len(own) else "no question"
        trained = stage["summary"]
        rows.append(
            f"| `{stage['name']}` | `{formula}` | {trained['questions']:,} | {trained['steps']:,} "
            f"| {trained['epochs']}, {trained['best_epoch']} |"
        )
    return "\n".join(rows)


def _settings(export: Export) -> str:
    names = [f"`{stage['name']}`" for stage in export.stages]
    rows = [f"| setting | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|"]
    for key in export.stages[0]["settings"]:
        values = [f"{stage['settings'][key]}" for stage in export.stages]
        rows.append(f"| {key} | {' | '.join(values)} |")
    return "\n".join(rows)


def _figures(export: Export) -> str:
    seeds, count = len(export.accuracies), len(export.correct)
    averaged = "those of its only seed" if seeds == 1 else f"means over {seeds} seeds"
    rows = "\n".join(f"| {name} | {value} |" for name, value in [*_accuracies(export), *_differences(export)])
    return (
        f"Accuracy is zero-shot on {count:,} test questions. Brackets hold {100 * export.confidence:g} % intervals."
        f" Figures of the strategy are {averaged}, at the best epoch."
        f"\n\n| figure | value |\n|---|---|\n{rows}"
    )


def _accuracies(export: Export) -> Iterator[tuple[str, str]]:
    accuracy = export.tables["accuracy"].set_index(["strategy", "epoch", "category"])
    forgotten = (
        export.tables["forgetting"].set_index(["strategy", "epoch", "split"]).loc[export.strategy, "best", "test"]
    )
    right, count = sum(export.correct), len(export.correct)
    yield "test accuracy of the strategy", wording.estimate(accuracy.loc[export.strategy, "best", FULL], "accuracy")
    yield "test accuracy of this model", f"{wording.share(right / count)} ({right:,} of {count:,})"
    yield "test accuracy of the base model", wording.estimate(accuracy.loc[BASE, NO_EPOCH, FULL], "accuracy")
    yield "the same, few-shot", wording.estimate(accuracy.loc[BASE, FEW_SHOT, FULL], "accuracy")
    known = f"{forgotten['highly_known']:,.0f} test questions HighlyKnown by the base model"
    yield f"forgetting: share of the {known} that are answered wrongly", wording.estimate(forgotten, "forgotten")


def _differences(export: Export) -> Iterator[tuple[str, str]]:
    table = export.tables["comparisons"]
    for _, row in table[(table["strategy"] == export.strategy) & (table["category"] == FULL)].iterrows():
        difference = f"{wording.points(row['difference'])} {wording.interval(row['low'], row['high'])}"
        yield f"difference from {wording.code(row['baseline'])}, in points", difference


def _prompting(export: Export) -> str:
    turn = " It is put into a user turn of the chat template." if export.model["chat_template"] else ""
    if turn and (frame := export.model_source.get("chat_frame")):
        turn += f" In the run, the template wrote this around it:\n\n```text\n{frame}\n```\n\nThe prompt:"
    return (
        f"The model was trained and evaluated on this prompt, with the question in place of `{{question}}`:{turn}\n\n"
        f"```text\n{export.prompt}\n```\n\nThe answer is the first line of the output, at most {export.max_new_tokens}"
        " tokens long and decoded greedily (`generation_config.json`)."
    )


def _limits(export: Export) -> Iterator[str]:
    """Yield what a user of the model should know."""
    yield "The figures hold for these questions and this prompt. Other tasks were not measured and may have suffered."
    yield "The model always answers, also where it does not know the answer."
    if not export.model_source:
        yield "The base model is small and knows little beyond the documents of its pretraining."
    if export.data == "simulated":
        yield "The questions are about invented people: no answer is a fact of the real world."
    if export.dtype in HALF:
        rounded = ", rounded after the adapter was merged" if export.export_format == "merged" else ""
        yield f"The weights are {export.dtype}{rounded}; single answers can differ from those of the run."
    if export.model["quantization"] != "none":
        yield "The model was trained and evaluated on a base model in four bits; the exported one has whole weights."
