"""Labels follow the chains of stages."""

import pandas as pd
import pytest

from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.labels import Labels
from gradual_learning.evaluation.table_values import RELABELED
from gradual_learning.jobs.errors import UserError
from knowledge_tables import HIGHLY, MAYBE, UNKNOWN, WEAKLY, write_knowledge

DESIGN = Design({"one": ["a"], "two": ["a", "b"], "other": ["c"]}, [1, 2])
CATEGORIES = {
    "base": [HIGHLY, MAYBE, UNKNOWN, UNKNOWN],
    "relabel": [HIGHLY, HIGHLY, UNKNOWN, UNKNOWN],
    "a/seed1": [HIGHLY, HIGHLY, WEAKLY, UNKNOWN],
    "a/seed2": [MAYBE, HIGHLY, UNKNOWN, UNKNOWN],
    "a+b/seed1": [HIGHLY, HIGHLY, HIGHLY, UNKNOWN],
    "a+b/seed2": [HIGHLY, HIGHLY, UNKNOWN, UNKNOWN],
}


@pytest.fixture
def files(tmp_path):
    return write_knowledge(tmp_path, CATEGORIES)


@pytest.fixture
def labels(files):
    return Labels(files["base"], files, DESIGN, files["relabel"])


def categories(table: pd.DataFrame) -> list[str]:
    return table["category"].tolist()


def test_highly_known_after_the_first_and_the_last_stage(labels):
    assert list(labels.highly_known()) == ["two"]
    first, final = labels.highly_known()["two"]
    assert first.tolist() == [[1, 0], [1, 1], [0, 0], [0, 0]]
    assert final.tolist() == [[1, 1], [1, 1], [1, 0], [0, 0]]


def test_tables_by_chain_and_by_strategy(labels):
    assert list(labels.by_chain("train")) == [("base", "train"), ("a", "train"), ("a+b", "train")]
    assert list(labels.by_chain("train")["a", "train"]) == ["1", "2"]
    assert list(labels.trained()) == [("a",), ("a", "b")]
    assert list(labels.by_strategy()) == ["one", "two"], "the strategy `other` has one stage of its own: not relabeled"
    for strategy, chain in (("one", "a"), ("two", "a+b")):
        expected = [CATEGORIES[f"{chain}/seed{seed}"] for seed in DESIGN.seeds]
        assert [categories(table) for table in labels.by_strategy()[strategy]] == expected


def test_transitions_pair_the_tables_before_and_after_each_stage(labels):
    pairs = labels.transitions("train")
    assert list(pairs) == [
        ("base", RELABELED, "-", "train"),
        ("base", "a", "1", "train"),
        ("base", "a", "2", "train"),
        ("a", "a+b", "1", "train"),
        ("a", "a+b", "2", "train"),
    ]
    for (start, end, seed, _), (before, after) in pairs.items():
        suffix = "" if seed == "-" else f"/seed{seed}"
        assert categories(before) == CATEGORIES["base" if start == "base" else f"{start}{suffix}"]
        assert categories(after) == CATEGORIES["relabel" if end == RELABELED else f"{end}{suffix}"]


def test_without_a_second_labeling_only_stages_have_transitions(files):
    labels = Labels(files["base"], files, DESIGN)
    assert labels.relabeled_base is None
    assert len(labels.transitions("heldout")) == 4
    assert RELABELED not in {end for _, end, _, _ in labels.transitions("heldout")}


def test_a_missing_checkpoint_is_an_error(files):
    del files["a+b/seed2"]
    with pytest.raises(KeyError, match="seed2"):
        Labels(files["base"], files, DESIGN)


def test_labels_of_other_questions_are_refused(tmp_path):
    files = write_knowledge(tmp_path, CATEGORIES | {"a/seed2": [HIGHLY, MAYBE]})
    with pytest.raises(UserError, match=r"3\.parquet"):
        Labels(files["base"], files, DESIGN)
