import random
from collections import Counter, defaultdict

import pytest

from gradual_learning.data import cleaning, splitting
from gradual_learning.data.question import normalized
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.schemas import SPLITS

SHARES = {"train": 0.6, "dev": 0.15, "test": 0.25}


def record(number, relation="P19", subject=None, split=None):
    return {
        "question": f"What is the {relation} of thing number {number}?",
        "answers": [f"Answer to {relation}/{number}"],
        "relation": relation,
        "subject": subject,
        "split": split,
        "source": "test",
        "file": "own.csv",
        "row": number,
    }


def complete(records, shares=SHARES, seed=1):
    return splitting.complete([normalized(row) for row in records], shares, seed)


def sizes(rows):
    found = Counter(row.split for row in rows)
    return tuple(found[split] for split in SPLITS)


def by_id(rows):
    return {row.id: row.split for row in rows}


def several_relations(seed, subjects=400, relations=5):
    """Make questions about subjects with one to five relations each, as in PopQA."""
    source = random.Random(seed)
    chosen = [source.sample(range(relations), source.choice([1, 1, 2, 3, 5])) for _ in range(subjects)]
    return [record(n, f"r{r}", f"Subject {n}") for n, group in enumerate(chosen) for r in group]


def test_a_hundred_questions_are_divided_exactly():
    assert sizes(complete([record(n) for n in range(100)])) == (60, 15, 25)


@pytest.mark.parametrize("size", [3, 4, 5, 7, 10, 33, 101, 1000])
def test_sizes_differ_from_the_shares_by_less_than_one_question_and_no_split_is_empty(size):
    found = sizes(complete([record(n) for n in range(size)]))
    assert sum(found) == size and min(found) >= 1
    if size >= 10:
        assert all(abs(count - size * SHARES[split]) < 1 for count, split in zip(found, SPLITS, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_each_subject_is_in_one_split_and_each_relation_is_divided_by_the_shares(seed):
    rows = complete(several_relations(seed), seed=seed)
    splits = defaultdict(set)
    for row in rows:
        splits[row.subject].add(row.split)
    assert all(len(found) == 1 for found in splits.values())
    for relation in {row.relation for row in rows}:
        of_relation = [row for row in rows if row.relation == relation]
        for count, split in zip(sizes(of_relation), SPLITS, strict=True):
            assert abs(count - len(of_relation) * SHARES[split]) <= 3


def test_subjects_that_differ_in_case_and_punctuation_are_the_same():
    rows = [record(n, f"r{n % 3}", ("Ann B.", "ann b", "ANN  B")[n % 3]) for n in range(3)]
    rows += [record(n, f"r{n % 3}") for n in range(3, 90)]
    assert len({row.split for row in complete(rows) if row.subject}) == 1


def test_the_same_question_in_two_relations_is_in_one_split():
    rows = [record(n) | {"relation": relation} for n in range(60) for relation in ("P131", "P276")]
    splits = defaultdict(set)
    for row in complete(rows):
        splits[row.question].add(row.split)
    assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize("records", [several_relations(1), [record(n) for n in range(100)]], ids=["subjects", "none"])
def test_splits_depend_on_the_seed_and_not_on_the_order(records):
    expected = by_id(complete(records))
    for shuffle in range(3):
        assert by_id(complete(random.Random(shuffle).sample(records, len(records)))) == expected
    assert by_id(complete(records, seed=2)) != expected


def test_splitting_without_subjects_is_a_draw_without_replacement():
    """A direct implementation: shuffle by seed, assign each question to the split that lacks most of its quota."""
    rows = [normalized(record(n, f"r{n % 2}")) for n in range(40)]
    rank = {row.id: place for place, (row,) in enumerate(splitting._subjects(rows, seed=3))}
    expected = {}
    for relation in ("r0", "r1"):
        quota = {"train": 12, "dev": 3, "test": 5}
        left = dict(quota)
        for row in sorted((row for row in rows if row.relation == relation), key=lambda row: rank[row.id]):
            split = max(SPLITS, key=lambda name: left[name] / quota[name])
            left[split] -= 1
            expected[row.id] = split
    assert by_id(splitting.complete(rows, SHARES, seed=3)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"train": 100}, (60, 15, 25)),
        ({"test": 100}, (60, 15, 25)),
        ({"dev": 100}, (60, 15, 25)),
        ({"train": 100, "test": 40}, (80, 20, 40)),  # 0.6 : 0.15
        ({"train": 85, "dev": 30}, (60, 30, 25)),  # 0.6 : 0.25
        ({"train": 10, "dev": 20, "test": 30}, (10, 20, 30)),
        ({"dev": 20, "test": 30}, (0, 20, 30)),
    ],
    ids=str,
)
def test_missing_splits_are_taken_from_train(given, expected):
    records, number = [], 0
    for split, count in given.items():
        records += [record(number + n, split=split) for n in range(count)]
        number += count
    rows = complete(records)
    assert sizes(rows) == expected
    if "train" in given and len(given) > 1:
        before = {normalized(row).id: row["split"] for row in records}
        assert all(before[name] in ("train", split) for name, split in by_id(rows).items())


def test_records_with_and_without_a_split_are_an_error():
    rows = [record(1, split="train"), record(2, split="dev"), record(3)]
    settings = {"multiple_answers": "any", "max_answer_words": None, "relations": [], "limits": {}, "seed": 1}
    for records in (rows, rows[::-1]):
        with pytest.raises(UserError, match=r"own\.csv: row 3 has no split, but row \d of own\.csv is in (train|dev)"):
            cleaning.prepare(records, shares=SHARES, **settings)


def test_prepared_splits_are_disjoint_by_subject_and_answer():
    rows = [
        row | {"answers": [f"Subject {(row['row'] + 1) % 400}"] if row["relation"] == "r0" else row["answers"]}
        for row in several_relations(4)
    ]
    settings = {"multiple_answers": "any", "max_answer_words": None, "relations": [], "limits": {}, "seed": 1}
    kept, dropped = cleaning.prepare(rows, shares=SHARES, **settings)
    assert len(kept) + dropped["count"].sum() == len(rows)
    parts = {split: kept[kept["split"] == split] for split in SPLITS}
    answers = set(parts["test"]["answers"].explode())
    assert not set(parts["train"]["subject"]) & (set(parts["test"]["subject"]) | answers)
    assert not set(parts["train"]["subject"]) & set(parts["dev"]["subject"])
    again, dropped_again = cleaning.prepare(rows[::-1], shares=SHARES, **settings)
    assert kept.equals(again) and dropped.equals(dropped_again)
