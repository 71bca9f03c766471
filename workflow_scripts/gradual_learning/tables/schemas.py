"""The tables that rules exchange: columns, types and meaning."""

from collections.abc import Iterable
from enum import StrEnum

import pyarrow as pa


class Category(StrEnum):
    """How well a model knows the answer to a question (SliCK, Gekhman et al. 2024, section 3), best first."""

    HIGHLY_KNOWN = "HighlyKnown"
    MAYBE_KNOWN = "MaybeKnown"
    WEAKLY_KNOWN = "WeaklyKnown"
    UNKNOWN = "Unknown"


CATEGORIES = [category.value for category in Category]
SPLITS = ("train", "dev", "test")

_TEXTS = pa.list_(pa.string())

FACTS = pa.schema(
    {
        "id": pa.string(),  # of the question about the fact
        "subject": pa.string(),
        "relation": pa.string(),
        "answer": pa.string(),
        "split": pa.string(),  # train, dev, test, or taught (with solved questions in pretraining)
        "exposures": pa.int32(),  # statements of the fact in the pretraining documents
        "opening": pa.bool_(),  # whether it is in the opening of the pretraining curriculum
    }
)
DOCUMENTS = pa.schema({"text": pa.string()})  # in reading order
QUESTIONS = pa.schema(
    {
        "id": pa.string(),
        "question": pa.string(),
        "answers": _TEXTS,
        "relation": pa.string(),
        "subject": pa.string(),  # null if the source does not name it
        "split": pa.string(),  # train, dev or test
        "source": pa.string(),
        "source_id": pa.string(),  # the user's own id of the question, null without one
    }
)
PROMPTS = pa.schema(
    {
        "draw": pa.int8(),  # 0 for labels, 1 for relabeling
        "relation": pa.string(),
        "prompt": pa.int16(),  # 0 to exemplar_sets - 1
        "exemplars": _TEXTS,  # ids of questions, all of split dev
        "text": pa.string(),  # of the exemplars; the question follows
    }
)
ANSWERS = pa.schema(
    {
        "id": pa.string(),
        "prompt": pa.int16(),
        "greedy": pa.string(),
        "samples": _TEXTS,  # those that were drawn; null where sampling stopped early, as no match was possible
    }
)
LIKELIHOODS = pa.schema(
    {
        "id": pa.string(),
        "prompt": pa.int16(),
        "greedy": pa.string(),
        "probability": pa.float64(),  # that a sample is an accepted answer, spelled as given
    }
)
GREEDY = pa.schema([ANSWERS.field(name) for name in ("id", "prompt", "greedy")])  # of both
KNOWLEDGE = pa.schema(
    {
        "id": pa.string(),
        "relation": pa.string(),
        "greedy_correct": pa.int32(),
        "greedy_drawn": pa.int32(),
        "sampled_correct": pa.int32(),
        "sampled_drawn": pa.int32(),
        "p_greedy": pa.float64(),  # share of correct greedy answers
        "p_sampled": pa.float64(),  # share of correct samples, or its expectation; null if none was drawn
        "category": pa.string(),
    }
)
ZERO_SHOT = pa.schema(
    {
        "epoch": pa.string(),  # best or last; best for the base model
        "id": pa.string(),
        "relation": pa.string(),
        "answer": pa.string(),
    }
)
EVALUATION = pa.schema({"id": pa.string(), "relation": pa.string(), "answer": pa.string(), "correct": pa.bool_()})
LABELS = ("category", "p_greedy", "p_sampled")  # of KNOWLEDGE, those of a question under a checkpoint


def label_column(checkpoint: str, name: str) -> str:
    """Return the column of a label under a checkpoint, for example ``maybe_known/seed1.category``."""
    return f"{checkpoint}.{name}"


def labeled_questions(checkpoints: Iterable[str]) -> pa.Schema:
    """Return the schema of ``knowledge.parquet``: every question with its labels, null where it was not labeled."""
    described = [QUESTIONS.field(name) for name in ("id", "source_id", "split", "relation", "question", "answers")]
    labels = [
        pa.field(label_column(checkpoint, name), KNOWLEDGE.field(name).type)
        for checkpoint in checkpoints
        for name in LABELS
    ]
    return pa.schema([*described, *labels])
