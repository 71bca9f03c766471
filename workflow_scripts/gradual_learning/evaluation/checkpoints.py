"""Categories and answers of the checkpoints of an experiment, read as arrays aligned by question and seed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.evaluation.table_values import NO_EPOCH
from gradual_learning.experiment import BASE, Chain, checkpoint_name, prefixes
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import read_json_lines, read_table
from gradual_learning.tables.schemas import CATEGORIES, EVALUATION, KNOWLEDGE

Files = Mapping[str, str]  # checkpoint -> file


@dataclass(frozen=True)
class Design:
    """The training runs of an experiment: every strategy with every seed.

    Attributes:
        strategies: the stages of each strategy.
        seeds: the training seeds.
    """

    strategies: Mapping[str, Chain]
    seeds: Sequence[int]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Design":
        """Read the params ``strategies`` and ``seeds`` of a rule."""
        return cls(params["strategies"], params["seeds"])

    def checkpoints(self, chain: Chain) -> list[str]:
        """List the checkpoints at the end of a chain of stages, one per seed."""
        return [checkpoint_name(chain, seed) for seed in self.seeds]


def by_checkpoint(checkpoints: Sequence[str], paths: Sequence[str]) -> Files:
    """Pair checkpoints with their files.

    Raises:
        ValueError: the lists differ in length, or a checkpoint occurs twice.
    """
    files = dict(zip(checkpoints, paths, strict=True))
    if len(files) != len(paths):
        raise ValueError(f"a checkpoint occurs twice in {list(checkpoints)}")
    return files


def read_knowledge(path: str, ids: Iterable[str] | None = None) -> pd.DataFrame:
    """Read a table of categories (``schemas.KNOWLEDGE``), sorted by id, its category as an ordered categorical.

    Args:
        path: of the file.
        ids: the questions that the table must contain, sorted; by default it may contain any.

    Raises:
        UserError: a question occurs twice, a category is unknown, or the questions differ from ``ids``.
    """
    known = read_table(path, KNOWLEDGE).sort_values("id", ignore_index=True)
    unknown = sorted(set(known["category"]) - set(CATEGORIES))
    if unknown or known["id"].duplicated().any():
        fault = f"unknown category {', '.join(unknown)}" if unknown else "a question occurs twice"
        raise UserError(f"{path}: {fault}. Remove the file and rerun.")
    if ids is not None:
        _require_questions(path, known["id"], ids)
    return known.assign(category=pd.Categorical(known["category"], CATEGORIES, ordered=True))


def read_correct(path: str, ids: Iterable[str]) -> np.ndarray:
    """Read which of the questions ``ids`` (sorted) are answered correctly: bool, shape (questions,).

    Raises:
        UserError: the file contains other questions.
    """
    return read_evaluation(path, ids)["correct"].to_numpy(dtype=bool)


def read_evaluation(path: str, ids: Iterable[str]) -> pd.DataFrame:
    """Read the answers to the questions ``ids`` (sorted): columns of ``schemas.EVALUATION``, in that order.

    Raises:
        UserError: the file contains other questions.
    """
    answers = read_table(path, EVALUATION).sort_values("id", ignore_index=True)
    _require_questions(path, answers["id"], ids)
    return answers


def _require_questions(path: str, found: Iterable[str], ids: Iterable[str]) -> None:
    found, ids = list(found), list(ids)
    if found != ids:
        differing = len(set(found) ^ set(ids))
        raise UserError(
            f"{path}: the questions are not those of this experiment ({len(found)} instead of {len(ids)}, {differing} "
            "differ). Remove the file and rerun."
        )


def read_answers(
    base: str,
    epochs: Mapping[str, Files],
    design: Design,
    ids: Sequence[str],
    read: Callable[[str, Sequence[str]], np.ndarray] = read_correct,
) -> dict[tuple[str, str], np.ndarray]:
    """Read which questions the base model and the final checkpoints of all strategies answer correctly.

    Args:
        base: the evaluation of the base model.
        epochs: for each epoch (best, last) the evaluations by checkpoint.
        design: strategies and seeds.
        ids: the questions, sorted.
        read: reads one evaluation, given its path and the questions: bool, shape (questions, ...).

    Returns:
        For each (strategy, epoch) a bool array, shape (questions, seeds, ...); the base model comes first, with one
        column.
    """
    answers = {(BASE, NO_EPOCH): read(base, ids)[:, None]}
    for epoch, files in epochs.items():
        for strategy, chain in design.strategies.items():
            columns = [read(files[checkpoint], ids) for checkpoint in design.checkpoints(chain)]
            answers[strategy, epoch] = np.stack(columns, axis=1)
    return answers


def read_best_answers(base: str, best: Files, design: Design, ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the answers of the best epochs: by strategy, otherwise like :func:`read_answers`."""
    answers = read_answers(base, {"best": best}, design, ids)
    return {strategy: correct for (strategy, _), correct in answers.items()}


def category_indicators(known: pd.DataFrame) -> np.ndarray:
    """Encode the category of each question: 0/1, shape (questions, 4), columns in the order of ``CATEGORIES``."""
    return (known["category"].cat.codes.to_numpy()[:, None] == np.arange(len(CATEGORIES))).astype(np.int8)


def align_seeds(answers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Repeat the single column of the base model, so that all arrays (questions, seeds) have as many seeds."""
    seeds = max(values.shape[1] for values in answers.values())
    return {name: np.broadcast_to(values, (len(values), seeds)) for name, values in answers.items()}


def group_indicators(categories: np.ndarray) -> np.ndarray:
    """Put a column of ones, all questions, in front of the indicators of categories: 0/1, shape (questions, 5)."""
    return np.hstack([np.ones((len(categories), 1), np.int8), categories])


def read_trained_ids(data: Files, chain: Chain, seed: int) -> set[str]:
    """Read the ids of all questions that a chain of stages trains on; ``data``: training files by checkpoint."""
    return set(read_trained_answers(data, chain, seed))


def read_trained_answers(data: Files, chain: Chain, seed: int) -> dict[str, str]:
    """Read the answer on which a chain of stages trains each question, by id; of several stages, the last one's."""
    checkpoints = [checkpoint_name(part, seed) for part in prefixes(chain)]
    return {row["id"]: row["answers"][0] for checkpoint in checkpoints for row in read_json_lines(data[checkpoint])}


def taught_by_strategy(data: Files, design: Design) -> dict[str, list[dict[str, str]]]:
    """Read the answers of :func:`read_trained_answers` for each strategy, by seed."""
    chains = design.strategies.items()
    return {name: [read_trained_answers(data, chain, seed) for seed in design.seeds] for name, chain in chains}
