"""Tables that describe a run: category shares, transitions, learning curves, training data."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gradual_learning.measures.runs import RETEST, membership, split_name
from gradual_learning.measures.statistics import Bootstrap, ratio, seed_folds
from gradual_learning.records import CATEGORIES, read_json_lines
from gradual_learning.selection import ROLES

MEAN = "mean"  # in the column `seed`: the average over all seeds
LOG = ["epoch", "step", "train_loss", "validation_accuracy", "train_accuracy"]
LOG += [f"train_accuracy_{category}" for category in CATEGORIES]


def categories(chains: Mapping[tuple[str, str], Mapping[str, pd.DataFrame]], bootstrap: Bootstrap) -> pd.DataFrame:
    """Tabulate the share of questions in each category under every labelled checkpoint.

    Args:
        chains: for each (chain, split) the categories by seed (``-`` for the base model), all in id order.
        bootstrap: how to resample; a row of one seed resamples its questions, a row ``mean`` seeds and questions.

    Returns:
        checkpoint, seed, split, category, questions (a mean of counts in rows ``mean``), share, low, high.
    """
    rows = []
    for (chain, split), tables in chains.items():
        sums = bootstrap.questions(np.hstack([membership(table) for table in tables.values()]))
        sums = sums.reshape(len(sums), len(tables), len(CATEGORIES))
        parts = {seed: sums[None, :, place] for place, seed in enumerate(tables)}
        if len(tables) > 1:
            parts[MEAN] = seed_folds(sums)
        total = len(next(iter(tables.values())))
        for seed, part in parts.items():
            interval = bootstrap.seeds_interval(part / max(total, 1), within=(0, 1))
            rows.extend((chain, seed, split, *row) for row in zip(CATEGORIES, part[0, 0], *interval, strict=True))
    columns = ["checkpoint", "seed", "split", "category", "questions", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def transitions(pairs: Mapping[tuple[str, str, str, str], tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Count how questions move between categories, as counts and as shares of the category they come from.

    Args:
        pairs: for each (from_checkpoint, to_checkpoint, seed, split) the categories of the same questions before and
            after. The base model labelled twice may be among them: it is the floor that label noise sets.

    Returns:
        from_checkpoint, to_checkpoint, seed, split, from_category, to_category, questions, share (empty where there is
        no question), floor (the share of the same move at the retest), excess (share - floor; both empty without one).
    """
    rows = []
    for key, (before, after) in pairs.items():
        counts = membership(before).astype(np.int64).T @ membership(after).astype(np.int64)
        shares = ratio(counts, counts.sum(axis=1, keepdims=True))
        for i, start in enumerate(CATEGORIES):
            rows.extend((*key, start, end, counts[i, j], shares[i, j]) for j, end in enumerate(CATEGORIES))
    move = ["from_category", "to_category"]
    names = ["from_checkpoint", "to_checkpoint", "seed", "split", *move, "questions", "share"]
    table = pd.DataFrame(rows, columns=names)
    floor = table.loc[table["to_checkpoint"] == RETEST, [*move, "share"]].rename(columns={"share": "floor"})
    table = table.merge(floor, on=move, how="left", validate="many_to_one")
    return table.assign(excess=table["share"] - table["floor"])


def learning_curves(logs: Mapping[str, str], summaries: Mapping[str, str]) -> pd.DataFrame:
    """Gather training logs: one row for each checkpoint, seed and epoch (0: before the stage).

    Args:
        logs: the training log (JSON lines) of each checkpoint.
        summaries: its summary (JSON), which names the best epoch.
    """
    rows = []
    for name, path in logs.items():
        chain, seed = split_name(name)
        best = read_json_lines(summaries[name], whole=True)[0]["best_epoch"]
        for line in read_json_lines(path):
            values = [line.get(key) for key in LOG]
            rows.append((chain, seed, chain.rpartition("+")[2], *values, line["epoch"] == best))
    return pd.DataFrame(rows, columns=["checkpoint", "seed", "stage", *LOG, "best"])


def training_data(data: Mapping[str, str], formulas: Mapping[str, str]) -> pd.DataFrame:
    """Count what each stage trained on, by role, category at base and category when it was selected.

    Args:
        data: the selected questions (JSON lines) of each checkpoint.
        formulas: its set formula (Markdown); the first line of text is repeated in every row.
    """
    keys = ["role", "category_at_base", "category_now"]
    parts = []
    for name, path in data.items():
        chain, seed = split_name(name)
        counts = pd.DataFrame(read_json_lines(path), columns=["id", *keys]).groupby(keys, sort=False).size()
        part = counts.rename("questions").reset_index()
        if part.empty:  # the stage found nothing to train on and passed its parent through
            part = pd.DataFrame([dict.fromkeys(keys, "") | {"questions": 0}])
        part = part.sort_values(keys, key=_place, ignore_index=True)
        parts.append(part.assign(checkpoint=chain, seed=seed, formula=first_line(formulas[name])))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["checkpoint", "seed"])
    return table.reindex(columns=["checkpoint", "seed", *keys, "questions", "formula"])


def _place(column: pd.Series) -> pd.Series:
    order = {name: place for place, name in enumerate([*ROLES, *CATEGORIES])}
    return column.map(lambda name: order.get(name, len(order)))


def first_line(path: str) -> str:
    """Give the first line of text of a Markdown file: no heading, no blank line, without its back quotes."""
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return next((line for line in (line.replace("`", "") for line in lines) if line and not line.startswith("#")), "")
