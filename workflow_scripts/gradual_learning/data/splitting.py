"""Makes the splits that a data set lacks: random by seed, disjoint by subject, of given shares."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from gradual_learning.data.question import Row, folded
from gradual_learning.tables.schemas import SPLITS

Quotas = dict[str, Counter[str]]  # relation -> number of questions for each split


def complete(rows: list[Row], shares: dict[str, float], seed: int) -> list[Row]:
    """Return the rows with the splits that their data set lacks.

    If there is no split or only one, all three are made. If there are train and one other, the missing one is taken
    from train, in proportion to its share, and the other is left unchanged.

    Rows with the same subject, or without a subject and with the same question, get the same split. In each relation,
    the size of each split differs from its share by less than one question, and no split is empty if there are
    enough questions, unless subjects with many questions make that impossible.

    Args:
        rows: questions, all with a split or all without.
        shares: of train, dev and test.
        seed: of the random order, which does not depend on the order of the rows.
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
    """Assign each subject, large ones first, to the split that lacks the largest fraction of its quota."""
    sizes = Counter(row.relation for row in rows)
    quotas = {relation: _quotas(size, parts, shares) for relation, size in sizes.items()}
    lacking = {relation: quota.copy() for relation, quota in quotas.items()}
    divided: list[Row] = []
    for group in _subjects(rows, seed):
        relations = sorted([row.relation for row in group])
        needed = {relation: relations.count(relation) for relation in relations}
        split = max(parts, key=lambda part: _priority(part, needed, lacking, quotas))
        for relation, count in needed.items():
            lacking[relation][split] -= count
        divided += [row._replace(split=split) for row in group]
    return divided


def _subjects(rows: list[Row], seed: int) -> list[list[Row]]:
    """Group the rows by subject, in random order, but large groups first, as they are the hardest to place."""
    groups: dict[bytes, list[Row]] = defaultdict(list)
    for row in rows:
        groups[hashlib.sha256(f"{seed}/{folded(row.subject or row.question)}".encode()).digest()].append(row)
    return sorted((groups[key] for key in sorted(groups)), key=len, reverse=True)


def _priority(part: str, needed: dict[str, int], lacking: Quotas, quotas: Quotas) -> tuple[bool, float]:
    """Return whether a subject fits into a split, and how much of its quota the split lacks in these relations."""
    fits = all(lacking[relation][part] >= count for relation, count in needed.items())
    return fits, sum([lacking[relation][part] / (quotas[relation][part] or 1) for relation in needed])


def _quotas(size: int, parts: Sequence[str], shares: dict[str, float]) -> Counter[str]:
    """Divide a number of questions by largest remainders; if there are enough, no split is empty."""
    exact = {part: size * shares[part] / sum(shares[part] for part in parts) for part in parts}
    quotas = Counter({part: int(share) for part, share in exact.items()})
    for part in sorted(parts, key=lambda part: quotas[part] - exact[part])[: size - quotas.total()]:
        quotas[part] += 1
    for part in parts:
        if size >= len(parts) and not quotas[part]:
            quotas[part] += 1
            quotas[max(parts, key=quotas.__getitem__)] -= 1
    return quotas
