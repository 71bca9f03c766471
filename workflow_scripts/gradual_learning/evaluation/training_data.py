"""The questions on which every stage trains, counted by role and category."""

from pathlib import Path

import pandas as pd

from gradual_learning.evaluation.checkpoints import Files
from gradual_learning.experiment import chain_name, seed_of, stages_of
from gradual_learning.tables.files import read_json_lines
from gradual_learning.tables.schemas import CATEGORIES
from gradual_learning.training.selection import ROLES

KEYS = ["role", "category_at_base", "category_current"]
COLUMNS = ["checkpoint", "seed", *KEYS, "questions", "formula"]


def training_data(data: Files, formulas: Files) -> pd.DataFrame:
    """Count the training questions of each stage by role, category at base and category at the start of the stage.

    Args:
        data: the selected questions (JSON lines) of each checkpoint.
        formulas: the set formula (Markdown) of each checkpoint, of which every row repeats the first line of text.

    Returns:
        checkpoint (its chain of stages), seed, role, category_at_base, category_current, questions, formula. A stage
        without questions has one row with empty keys.
    """
    parts = [pd.DataFrame(columns=COLUMNS[:2])] if not data else []
    for checkpoint, path in data.items():
        part = _counts(path)
        chain, formula = chain_name(stages_of(checkpoint)), first_line(formulas[checkpoint])
        parts.append(part.assign(checkpoint=chain, seed=seed_of(checkpoint), formula=formula))
    return pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)


def _counts(path: str) -> pd.DataFrame:
    counts = pd.DataFrame(read_json_lines(path), columns=["id", *KEYS]).groupby(KEYS, sort=False).size()
    table = counts.rename("questions").reset_index()
    if table.empty:
        table = pd.DataFrame([dict.fromkeys(KEYS, "") | {"questions": 0}])
    return table.sort_values(KEYS, key=_places, ignore_index=True)


def _places(column: pd.Series) -> pd.Series:
    """Map roles and categories to their places in the order of the table."""
    order = {name: place for place, name in enumerate([*ROLES, *CATEGORIES])}
    return column.map(lambda name: order.get(name, len(order)))


def first_line(path: str) -> str:
    """Return the first line of text of a Markdown file, without headings, blank lines and backquotes."""
    lines = (line.strip().replace("`", "") for line in Path(path).read_text(encoding="utf-8").splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")
