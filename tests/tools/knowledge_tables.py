"""Tables of categories and answers as the evaluation reads them, made by hand or at random."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import read_knowledge
from gradual_learning.evaluation.table_values import NO_EPOCH
from gradual_learning.experiment import BASE
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import CATEGORIES, KNOWLEDGE

BOOTSTRAP = Bootstrap(resamples=300, confidence_level=0.95, seed=1)
HIGHLY, MAYBE, WEAKLY, UNKNOWN = CATEGORIES
GREEDY_CORRECT = {HIGHLY: 10, MAYBE: 5, WEAKLY: 0, UNKNOWN: 0}  # of 10


def ids(count: int) -> list[str]:
    return [f"{place:016x}" for place in range(count)]


def knowledge(categories: Sequence[str], greedy_correct: Sequence[int] | None = None) -> pd.DataFrame:
    """Make a table of categories; of 10 greedy answers, as many are correct as given or as the category implies."""
    correct = [GREEDY_CORRECT[name] for name in categories] if greedy_correct is None else list(greedy_correct)
    table = pd.DataFrame({"id": ids(len(categories)), "category": list(categories), "greedy_correct": correct})
    table = table.assign(relation="r", greedy_drawn=10, sampled_correct=0, sampled_drawn=0, p_sampled=np.nan)
    return table.assign(p_greedy=table["greedy_correct"] / 10)[KNOWLEDGE.names]


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Make the category of a table an ordered categorical, as it is when read."""
    return table.assign(category=pd.Categorical(table["category"], CATEGORIES, ordered=True))


def write_knowledge(folder: Path, tables: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Write a table of categories for each checkpoint, and return the files by checkpoint."""
    files = {name: str(folder / f"{number}.parquet") for number, name in enumerate(tables)}
    for name, categories in tables.items():
        write_table(knowledge(categories), KNOWLEDGE, files[name])
    return files


def write_and_read(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    write_table(table, KNOWLEDGE, path)
    return read_knowledge(str(path))


def random_answers(questions: int = 200, seeds: int = 2) -> tuple[np.ndarray, dict[tuple[str, str], np.ndarray]]:
    """Draw categories at base (0/1) and answers of the base model and two strategies by (strategy, epoch)."""
    generator = np.random.default_rng(4)
    categories = np.eye(4, dtype=np.int8)[generator.choice(4, questions, p=[0.3, 0.3, 0.3, 0.1])]
    answers = {(name, "best"): generator.random((questions, seeds)) < share for name, share in (("x", 0.5), ("y", 0.6))}
    return categories, {(BASE, NO_EPOCH): generator.random((questions, 1)) < 0.4} | answers


def by_strategy(answers: Mapping[tuple[str, str], np.ndarray]) -> dict[str, np.ndarray]:
    return {strategy: correct for (strategy, _), correct in answers.items()}
