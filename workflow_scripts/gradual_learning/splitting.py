"""Splits for questions that come without them: random by seed, disjoint by subject, as many as asked for."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from gradual_learning.hygiene import Row, folded
from gradual_learning.records import SPLITS

Quotas = dict[str, Counter[str]]  # relation -> questions for each split


def complete(rows: list[Row], shares: dict[str, float], seed: int) -> list[Row]:
    """Give the rows the splits that their data set lacks.

    Where none or only one of the splits is there, all three are made. Where train and one other are there, the missing
    one is carved from train, in the proportion of its share to that of train; the other stays as it is.

    Args:
        rows: questions, all with a split or all without.
        shares: how large train, dev and test are to be.
        seed: of the choice, which does not depend on the order of the rows.

    Returns:
        Rows that all have a split, where one could be made; the questions about one subject are in the same one, among
        those that were divided. A row without a subject is a subject of its own (together with other rows that ask the
        same). In every relation each split gets its share to within a question, or one question at least where there
        are as many as splits, unless the subjects are too large for that.
    """
    present = {row.split for row in rows} - {None}
    if len(present) <= 1:
        return _divide(rows, SPLITS, shares, seed)
    if "train" not in present or len(present) == len(SPLITS):
        return rows
    train = [row for row in rows if row.split == "train"]
    parts = [split for split in SPLITS if split == "train" or split not in present]
    return _divide(train, parts, shares, seed) + [row for row in rows if row.split != "train"]


def _divide(rows: list[Row], parts: Sequence[str], shares: dict[str, float], seed: int) -> list[Row]:
    """Deal the subjects out in random order, large ones first, each to the split that lacks most of its quota."""
    sizes = Counter(row.relation for row in rows)
    quotas = {relation: _quotas(size, parts, shares) for relation, size in sizes.items()}
    lacking = {relation: quota.copy() for relation, quota in quotas.items()}
    divided: list[Row] = []
    for group in _subjects(rows, seed):
        relations = sorted([row.relation for row in group])
        needed = {relation: relations.count(relation) for relation in relations}
        split = max(parts, key=lambda part: _want(part, needed, lacking, quotas))
        for relation, count in needed.items():
            lacking[relation][split] -= count
        divided += [row._replace(split=split) for row in group]
    return divided


def _subjects(rows: list[Row], seed: int) -> list[list[Row]]:
    """Group the rows by subject; the groups are in random order, but large ones first, as they are hard to place."""

    groups: dict[bytes, list[Row]] = defaultdict(list)
    for row in rows:
        groups[hashlib.sha256(f"{seed}/{folded(row.subject or row.question)}".encode()).digest()].append(row)
    return sorted((groups[place] for place in sorted(groups)), key=len, reverse=True)


def _want(part: str, needed: dict[str, int], lacking: Quotas, quotas: Quotas) -> tuple[bool, float]:
    """Return whether a split has place for a subject, and how much of its quota it lacks in the relations of it."""
    fits = all([lacking[relation][part] >= count for relation, count in needed.items()])
    return fits, sum([lacking[relation][part] / (quotas[relation][part] or 1) for relation in needed])


def _quotas(size: int, parts: Sequence[str], shares: dict[str, float]) -> Counter[str]:
    """Divide a number by largest remainders; where it suffices no split stays empty."""
    exact = {part: size * shares[part] / sum(shares[part] for part in parts) for part in parts}
    quotas = Counter({part: int(share) for part, share in exact.items()})
    for part in sorted(parts, key=lambda part: quotas[part] - exact[part])[: size - quotas.total()]:
        quotas[part] += 1
    for part in parts:
        if size >= len(parts) and not quotas[part]:
            quotas[part] += 1
            quotas[max(parts, key=quotas.__getitem__)] -= 1
    return quotas
