import pandas as pd
import pytest

from gradual_learning.data import prompts
from gradual_learning.data.question import question_id
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import PROMPTS


def questions(counts, split="dev"):
    rows = [
        (question_id(f"{relation} {n}?", relation), f"{relation} {n}?", [f"a{n}", "other"], relation, split)
        for relation, count in counts.items()
        for n in range(count)
    ]
    return pd.DataFrame(rows, columns=["id", "question", "answers", "relation", "split"])


def drawn(counts, exemplar_sets=5, num_fewshot=3, draws=2, seed=7):
    return prompts.draw_exemplars(questions(counts), exemplar_sets, num_fewshot, draws, seed)


def test_prefix_and_suffix_form_one_prompt():
    prefix = prompts.few_shot_prefix([("Where was A born?", "Rome"), ("Where was B {x} born?", "Oslo")])
    whole = prefix + prompts.few_shot_suffix("Where was C born?")
    assert whole == "Q: Where was A born?\nA: Rome\nQ: Where was B {x} born?\nA: Oslo\nQ: Where was C born?\nA:"
    assert prompts.few_shot_prefix([]) == ""


def test_a_zero_shot_template_may_contain_other_braces():
    assert prompts.zero_shot("Why {so}?", "{json} Q: {question}\nA:") == "{json} Q: Why {so}?\nA:"
    assert prompts.zero_shot("What is {question}?", "Q: {question}") == "Q: What is {question}?"
    for template in ("Q: ", "{question} {question}"):
        with pytest.raises(UserError, match=r"training\.prompt"):
            prompts.zero_shot("Why?", template)


def test_every_relation_has_all_sets_of_its_own_distinct_questions():
    table = drawn({"b": 40, "a": 9})
    assert list(table.columns) == PROMPTS.names
    assert table.groupby(["draw", "relation"])["prompt"].apply(list).tolist() == [list(range(5))] * 4
    own = questions({"b": 40, "a": 9}).set_index("id")
    for row in table.itertuples():
        assert len(set(row.exemplars)) == 3
        assert set(own.loc[row.exemplars, "relation"]) == {row.relation}
        solved = [(own.loc[name, "question"], own.loc[name, "answers"][0]) for name in row.exemplars]
        assert row.text == prompts.few_shot_prefix(solved)


def test_no_set_is_drawn_twice_if_dev_is_large_enough():
    for counts, sets in (({"a": 40}, 10), ({"a": 6}, 2)):  # half of 6, at least 4 questions: 4 combinations
        table = drawn(counts, exemplar_sets=sets)
        assert len({frozenset(ids) for ids in table["exemplars"]}) == 2 * sets


def test_all_sets_are_drawn_equally_often_if_dev_is_small():
    combinations = [frozenset(ids) for ids in drawn({"a": 4}, exemplar_sets=4)["exemplars"]]
    assert set(map(combinations.count, combinations)) == {2}


def test_a_draw_depends_only_on_the_seed_and_the_questions_of_the_relation():
    table = drawn({"a": 20, "b": 12})
    dev = questions({"c": 30, "b": 12, "a": 20}).sample(frac=1, random_state=1)
    other = prompts.draw_exemplars(dev, 5, 3, 2, 7)
    same = other[other["relation"] != "c"].sort_values(["relation", "draw", "prompt"], ignore_index=True)
    pd.testing.assert_frame_equal(table.sort_values(["relation", "draw", "prompt"], ignore_index=True), same)
    assert drawn({"a": 20}, seed=8)["text"].tolist() != drawn({"a": 20})["text"].tolist()


def test_the_draw_for_labels_does_not_depend_on_the_draw_for_relabeling():
    two = drawn({"a": 20})
    pd.testing.assert_frame_equal(drawn({"a": 20}, draws=1), two[two["draw"] == 0].reset_index(drop=True))


def test_the_table_is_unchanged_by_writing_and_reading(tmp_path):
    table = drawn({"a": 20})
    write_table(table, PROMPTS, tmp_path / "p.parquet")
    back = read_table(tmp_path / "p.parquet", PROMPTS)
    assert [list(ids) for ids in back["exemplars"]] == table["exemplars"].tolist()
    assert back["text"].tolist() == table["text"].tolist()


def test_relations_with_too_few_dev_questions_are_named():
    assert len(drawn({"a": 4})) == 10
    with pytest.raises(UserError, match=r"few \(3\).*need 4"):
        drawn({"a": 30, "few": 3})
    table = pd.concat([questions({"a": 30}), questions({"none": 5}, split="train")])
    with pytest.raises(UserError, match=r"none \(0\)"):
        prompts.require_enough_dev(table, 3)
    with pytest.raises(UserError):
        drawn({})


def test_exemplars_are_only_drawn_from_dev():
    with pytest.raises(ValueError, match="dev"):
        prompts.draw_exemplars(questions({"a": 9}, split="test"), 2, 3, 2, 7)


def test_validation_questions_are_no_exemplars_and_at_least_half_of_dev():
    dev = questions({"a": 20, "b": 9})
    table = drawn({"a": 20, "b": 9}, exemplar_sets=50)
    whole = pd.concat([dev, questions({"a": 5}, split="test")])
    left = prompts.validation_questions(whole, table)
    used = {name for ids in table["exemplars"] for name in ids}
    assert set(left["split"]) == {"dev"}
    assert set(left["id"]) | used == set(dev["id"]) and not set(left["id"]) & used
    assert left["relation"].value_counts().to_dict() == {"a": 10, "b": 5}


def test_dev_questions_that_are_all_exemplars_are_an_error():
    with pytest.raises(UserError, match="exemplars"):
        prompts.validation_questions(questions({"a": 4}), drawn({"a": 4}))
