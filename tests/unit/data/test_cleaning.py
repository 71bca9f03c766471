import logging
import random

import pytest

from gradual_learning.data import cleaning, leakage
from gradual_learning.data.question import normalized, question_id
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.files import read_table, write_json_lines, write_table
from gradual_learning.tables.schemas import QUESTIONS


def record(question, *answers, split="train", relation="P19", subject=None):
    return {
        "question": question,
        "answers": list(answers),
        "relation": relation,
        "subject": subject,
        "split": split,
        "source": "test",
    }


def numbered(count, split, relation="P19"):
    return [
        record(f"Where was {split} {n} born?", f"Town {n}", split=split, relation=relation, subject=f"{split} {n}")
        for n in range(count)
    ]


ENOUGH = [row for split in ("train", "dev", "test") for row in numbered(3, split)]
MIXED = [
    *ENOUGH,
    record("  ", "Rome"),
    record("Where was Blank born?", " ", "\u200b"),
    record("Where was Half born?", "", "Rome", "rome", "Lutetia"),
    record("Where was Twice born?", "Rome", split="train"),
    record("Where was  Twice\nborn?", "ROME", split="test"),
    record("Where was Torn born?", "Rome", split="train"),
    record("Where was Torn born?", "Oslo", split="test"),
    record("Where was Both born?", "Rome", "Oslo", split="dev"),
    record("Where was Oslo Bank born?", "Oslo"),
    record("Who is test 1?", "a smith", relation="P106", subject="Test 1"),
    record("Where was Spouse born?", "test 2", subject="Spouse"),
    record("What is Spouse famous for?", "test 2", relation="P800", subject="Spouse"),
    record("What is the capital of Town 1?", "Rome", relation="P36", subject="TOWN 1"),
    record("where was TEST 2 born", "Town", relation="P740"),
    record("Where was NA born?", "NA", "None", "1.0", split="test"),
]


def prepare(records, multiple_answers="any", relations=(), limits=None, seed=1, max_answer_words=None):
    settings = {
        "multiple_answers": multiple_answers,
        "max_answer_words": max_answer_words,
        "relations": list(relations),
        "shares": {"train": 0.6, "dev": 0.15, "test": 0.25},
        "limits": limits or {},
        "seed": seed,
    }
    return cleaning.prepare(records, **settings)


def counted(dropped):
    return {reason: count for reason, count in zip(dropped["reason"], dropped["count"], strict=True) if count}


def test_each_dropped_record_is_counted_under_one_reason_with_an_example():
    kept, dropped = prepare(MIXED)
    assert counted(dropped) == {
        cleaning.BLANK_QUESTION: 1,
        cleaning.BLANK_ANSWERS: 1,
        cleaning.CONFLICT: 2,
        cleaning.DUPLICATE: 1,
        cleaning.CONTAINS_ANSWER: 2,
        leakage.TEST_QUESTION: 1,
        leakage.TEST_SUBJECT: 1,
        leakage.TEST_ANSWER: 1,
        leakage.REVERSED: 1,
    }
    examples = dict(zip(dropped["reason"], dropped["example"], strict=True))
    assert examples[cleaning.CONTAINS_ANSWER] == "Where was NA born? -> NA | None | 1.0 (P19, test)"
    assert all(bool(examples[reason]) == (reason in counted(dropped)) for reason in cleaning.REASONS)
    assert len(kept) + dropped["count"].sum() == len(MIXED)


@pytest.mark.parametrize("policy", cleaning.POLICIES)
@pytest.mark.parametrize("limits", [{}, {"train": 1, "dev": 2, "test": None}])
def test_records_are_kept_or_dropped_whatever_their_order(policy, limits):
    kept, dropped = prepare(MIXED, policy, limits=limits)
    assert len(kept) + dropped["count"].sum() == len(MIXED)
    shuffled = random.Random(3).sample(MIXED, len(MIXED))
    again, dropped_again = prepare(shuffled, policy, limits=limits)
    assert kept.equals(again) and dropped.equals(dropped_again)


def test_ids_are_unique_hexadecimal_and_derived_from_the_question():
    kept, _ = prepare(MIXED)
    assert kept["id"].is_unique
    assert all(name == f"{int(name, 16):016x}" for name in kept["id"])
    assert kept["id"].tolist() == [question_id(q, r) for q, r in zip(kept["question"], kept["relation"], strict=True)]


def test_a_duplicate_is_kept_in_the_split_where_it_leaks_least():
    rows = [record("Where was Twice born?", "Rome", split=split) for split in ("train", "dev", "test")]
    for chosen, expected in ((rows, "test"), (rows[:2], "dev"), (rows[:1] * 2, "train")):
        kept, dropped = prepare(ENOUGH + chosen)
        assert kept.loc[kept["question"] == "Where was Twice born?", "split"].tolist() == [expected]
        assert counted(dropped) == {cleaning.DUPLICATE: len(chosen) - 1}


def test_questions_that_differ_in_case_and_end_mark_are_duplicates():
    rows = [
        record("Where was Twice born?", "Rome", split="train"),
        record("where was twice born", "rome", split="test"),
        record("Where was Torn born?", "Rome", split="train"),
        record("where was torn born ?", "Oslo", split="dev"),
        record("Who made C?", "Ann", split="train"),
        record("Who made C++?", "Bo", split="train"),
    ]
    kept, dropped = prepare(ENOUGH + rows)
    assert counted(dropped) == {cleaning.DUPLICATE: 1, cleaning.CONFLICT: 2}
    assert {"where was twice born", "Who made C?", "Who made C++?"} < set(kept["question"])


def test_a_question_contains_its_answer_only_as_whole_words():
    rows = [
        record("When did the 1984 games begin?", "1984", split="test"),
        record("When did the 1984 games begin then?", "28 July 1984", "198", split="test"),
        record("Was it red or blue?", "blue", "Blue!", split="test"),
        record("What comes after 3.14?", "3", split="test"),
        record("Which mark ends a question?", "?", split="test"),
    ]
    kept, dropped = prepare(ENOUGH + rows)
    assert counted(dropped) == {cleaning.CONTAINS_ANSWER: 3}
    assert {"When did the 1984 games begin then?", "Which mark ends a question?"} < set(kept["question"])


def test_long_answers_are_left_out_and_questions_with_only_long_answers_dropped():
    rows = [
        record("How so?", "because of the weather there", "the  weather", split="test"),
        record("Why so?", "because of the weather there", split="test"),
    ]
    kept, dropped = prepare(ENOUGH + rows, max_answer_words=2)
    assert counted(dropped) == {cleaning.TOO_LONG: 1}
    assert kept.set_index("question").loc["How so?", "answers"] == ["the weather"]
    kept, dropped = prepare(ENOUGH + rows, multiple_answers="first", max_answer_words=4)
    assert kept.set_index("question").loc["How so?", "answers"] == ["the weather"]
    assert not counted(prepare(ENOUGH + rows, max_answer_words=5)[1])


@pytest.mark.parametrize("words", [5, 6])
def test_answers_that_are_sentences_cause_a_warning(caplog, words):
    rows = [row | {"answers": [" ".join(["word"] * words), "a" * 9 + " b" * 9]} for row in ENOUGH]
    with caplog.at_level(logging.WARNING):
        prepare(rows)
    assert ("data.answer_match" in caplog.text and "data.max_answer_words" in caplog.text) == (words == 6)


def test_a_train_question_that_gives_away_a_dropped_test_question_is_dropped():
    leak = record("What is the capital of Xanten?", "Moers", relation="P36", subject="Xanten")
    contains_answer = record("Where is Xanten Cathedral?", "Xanten", split="test", subject="Xanten Cathedral")
    _, dropped = prepare([*ENOUGH, leak, contains_answer])
    assert counted(dropped) == {cleaning.CONTAINS_ANSWER: 1, leakage.TEST_ANSWER: 1}


def test_no_train_question_shares_its_subject_with_a_test_question():
    kept, _ = prepare(MIXED)
    train, test = kept[kept["split"] == "train"], kept[kept["split"] == "test"]
    assert not set(train["subject"].dropna().str.casefold()) & set(test["subject"].dropna().str.casefold())
    assert "What is Spouse famous for?" in set(train["question"])  # an answer in another relation is no leak


def test_shared_answers_do_not_empty_a_typed_relation():
    rows = [row | {"answers": ["Norway"]} for row in ENOUGH]
    kept, dropped = prepare(rows)
    assert len(kept) == len(rows) and not counted(dropped)


def test_several_answers_are_treated_by_policy():
    rows = [*ENOUGH, record("Who?", "Ann", "ann", "Bo", split="test"), record("Whom?", "Cy", "CY", split="test")]
    accepted = {}
    for policy in cleaning.POLICIES:
        kept, dropped = prepare(rows, policy)
        accepted[policy] = {row.question: row.answers for row in kept.itertuples() if row.question in ("Who?", "Whom?")}
    assert accepted["any"] == {"Who?": ["Ann", "Bo"], "Whom?": ["Cy"]}
    assert accepted["first"] == {"Who?": ["Ann"], "Whom?": ["Cy"]}
    assert accepted["drop"] == {"Whom?": ["Cy"]} and counted(dropped) == {cleaning.SEVERAL: 1}
    with pytest.raises(UserError, match="frist"):
        prepare(rows, "frist")


def test_answers_survive_the_table(tmp_path):
    rows = [*ENOUGH, record("Which value?", "NA", "None", "1.0", "null", "東京", split="test", subject="NA")]
    kept, _ = prepare(rows)
    write_table(kept, QUESTIONS, tmp_path / "q.parquet")
    back = read_table(tmp_path / "q.parquet", QUESTIONS).set_index("question")
    assert list(back.loc["Which value?", "answers"]) == ["NA", "None", "1.0", "null", "東京"]
    assert back.loc["Which value?", "subject"] == "NA"
    assert len(back) == len(rows)


def test_the_ids_of_the_user_are_kept_and_of_duplicates_the_same_one_in_any_order():
    same = [record("Who?", "Ann", split="test") | {"source_id": name} for name in ("b", "a")]
    rows = [*ENOUGH, *same, record("Whom?", "Bo") | {"source_id": "007"}]
    for order in (rows, rows[::-1]):
        kept = prepare(order)[0].set_index("question")["source_id"]
        assert (kept["Who?"], kept["Whom?"]) == ("a", "007") and kept["Where was test 1 born?"] is None


def test_limits_apply_to_each_relation_and_split():
    rows = [row for relation in ("P1", "P2") for split in cleaning.SPLITS for row in numbered(9, split, relation)]
    kept, dropped = prepare(rows, limits={"train": 4, "dev": 20, "test": None})
    sizes = kept.groupby(["relation", "split"]).size()
    assert sizes.to_dict() == {(r, s): n for r in ("P1", "P2") for s, n in (("train", 4), ("dev", 9), ("test", 9))}
    assert counted(dropped) == {cleaning.OVER_LIMIT: 10}


def test_a_smaller_limit_keeps_a_subset_and_the_seed_decides_which():
    rows = numbered(60, "train") + ENOUGH[3:]

    def chosen(limit, seed):
        kept, _ = prepare(rows, limits={"train": limit}, seed=seed)
        return set(kept.loc[kept["split"] == "train", "id"])

    assert chosen(5, 1) < chosen(20, 1) < chosen(None, 1)
    assert chosen(20, 1) != chosen(20, 2)


def test_relations_are_selected_and_unknown_ones_are_errors_with_a_suggestion():
    rows = ENOUGH + [row | {"relation": "P800"} for row in ENOUGH]
    kept, dropped = prepare(rows, relations=["P800"])
    assert set(kept["relation"]) == {"P800"} and counted(dropped) == {cleaning.UNSELECTED: 9}
    with pytest.raises(UserError, match=r"'P80'.*P800"):
        prepare(rows, relations=["P80"])


@pytest.mark.parametrize("split", cleaning.SPLITS)
def test_an_empty_split_is_an_error_that_names_the_split(split):
    with pytest.raises(UserError, match=f"split {split} .*limit"):
        prepare(ENOUGH, limits={split: 0})


def test_missing_train_questions_are_an_error():
    with pytest.raises(UserError, match="split train "):
        prepare([row for row in ENOUGH if row["split"] != "train"])


def test_records_of_some_relations_are_selected():
    rows = ENOUGH + [row | {"relation": "P800"} for row in ENOUGH]
    assert cleaning.select_relations(iter(rows), []) == rows
    assert cleaning.select_relations(iter(rows), ["P800"]) == rows[len(ENOUGH) :]
    with pytest.raises(UserError, match=r"'P80'.*P800"):
        cleaning.select_relations(iter(rows), ["P800", "P80"])


def test_records_are_unchanged_by_writing_and_reading(tmp_path):
    rows = [row | {"subject": "\u2028 \x85"} for row in MIXED]
    write_json_lines(rows, tmp_path / "r.jsonl")
    assert list(cleaning.read_records(tmp_path / "r.jsonl")) == rows


def is_leak(row, test):
    """Return whether a train question gives away a test question: a direct implementation, as a reference."""
    same = row["question"].casefold().strip("?") == test["question"].casefold().strip("?")
    about = row["subject"] and row["subject"] in (test["subject"], *test["answers"])
    reverse = row["relation"] == test["relation"] and test["subject"] in row["answers"]
    return same or about or reverse


@pytest.mark.parametrize("seed", range(5))
def test_only_leaks_are_dropped(seed):
    source = random.Random(seed)
    names = [f"Name{n}" for n in range(60)]
    rows = []
    for number in range(200):
        relation, subject, answer = source.choice(["r", "s"]), *source.sample(names, 2)
        question = f"Which {relation} of {number if number % 7 else 0}?"
        subject = subject if number % 5 else None
        rows.append(
            record(
                question,
                answer,
                split=source.choice("train train dev test".split()),
                relation=relation,
                subject=subject,
            )
        )
    unique = [
        row
        for row in rows
        if sum((row["question"], row["relation"]) == (r["question"], r["relation"]) for r in rows) == 1
    ]
    test = [row for row in unique if row["split"] == "test"]
    expected = {
        row["question"] for row in unique if row["split"] != "train" or not any(is_leak(row, other) for other in test)
    }
    kept, dropped = prepare(unique)
    assert set(kept["question"]) == expected and len(expected) < len(unique)
    shuffled, dropped_again = prepare(source.sample(unique, len(unique)))
    assert kept.equals(shuffled) and dropped.equals(dropped_again)


def test_control_characters_are_white_space():
    row = normalized(record("Who\x1b[2J is\x00 Ann?", "A\x07nn", relation="place\n\n.. raw:: html\x9b"))
    assert (row.question, row.answers, row.relation) == ("Who [2J is Ann?", ("A nn",), "place .. raw:: html")
    assert normalized(record("Who?", "Ann", relation="\x01")).relation == "test"
