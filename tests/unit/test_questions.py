import json
import random

import pytest

from gradual_learning import questions
from gradual_learning.records import QUESTIONS, UserError, question_id, read_table, write_table


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
    record("Where was NA born?", "NA", "None", "1.0", split="test"),
]


def prepare(records, multiple_answers="any", relations=(), limits=None, seed=1):
    settings = {
        "multiple_answers": multiple_answers,
        "relations": list(relations),
        "limits": limits or {},
        "seed": seed,
    }
    return questions.prepare(records, **settings)


def counted(dropped):
    return {reason: count for reason, count in zip(dropped["reason"], dropped["count"], strict=True) if count}


def test_each_fault_is_counted_under_its_reason_with_an_example():
    kept, dropped = prepare(MIXED)
    assert counted(dropped) == {
        questions.BLANK_QUESTION: 1,
        questions.BLANK_ANSWERS: 1,
        questions.CONFLICT: 2,
        questions.DUPLICATE: 1,
        questions.GIVEN_AWAY: 2,
        questions.TEST_SUBJECT: 1,
        questions.REVERSED: 1,
    }
    examples = dict(zip(dropped["reason"], dropped["example"], strict=True))
    assert examples[questions.GIVEN_AWAY] == "Where was NA born? -> NA | None | 1.0 (P19, test)"
    assert all(bool(examples[reason]) == (reason in counted(dropped)) for reason in questions.REASONS)
    assert len(kept) + dropped["count"].sum() == len(MIXED)


@pytest.mark.parametrize("policy", questions.POLICIES)
@pytest.mark.parametrize("limits", [{}, {"train": 1, "dev": 2, "test": None}])
def test_read_equals_kept_plus_dropped_and_order_changes_nothing(policy, limits):
    kept, dropped = prepare(MIXED, policy, limits=limits)
    assert len(kept) + dropped["count"].sum() == len(MIXED)
    shuffled = random.Random(3).sample(MIXED, len(MIXED))
    again, dropped_again = prepare(shuffled, policy, limits=limits)
    assert kept.equals(again) and dropped.equals(dropped_again)


def test_ids_are_unique_hexadecimal_and_of_the_question():
    kept, _ = prepare(MIXED)
    assert kept["id"].is_unique
    assert all(name == f"{int(name, 16):016x}" for name in kept["id"])
    assert kept["id"].tolist() == [question_id(q, r) for q, r in zip(kept["question"], kept["relation"], strict=True)]


def test_a_duplicate_stays_in_the_split_where_it_leaks_least():
    rows = [record("Where was Twice born?", "Rome", split=split) for split in ("train", "dev", "test")]
    for chosen, expected in ((rows, "test"), (rows[:2], "dev"), (rows[:1] * 2, "train")):
        kept, dropped = prepare(ENOUGH + chosen)
        assert kept.loc[kept["question"] == "Where was Twice born?", "split"].tolist() == [expected]
        assert counted(dropped) == {questions.DUPLICATE: len(chosen) - 1}


def test_no_training_question_shares_its_subject_with_a_test_question():
    kept, _ = prepare(MIXED)
    train, test = kept[kept["split"] == "train"], kept[kept["split"] == "test"]
    assert not set(train["subject"].dropna().str.casefold()) & set(test["subject"].dropna().str.casefold())
    assert "What is Spouse famous for?" in set(train["question"])  # an answer of another relation gives nothing away


def test_shared_answers_empty_no_typed_relation():
    rows = [row | {"answers": ["Norway"]} for row in ENOUGH]
    kept, dropped = prepare(rows)
    assert len(kept) == len(rows) and not counted(dropped)


def test_the_policy_for_several_answers():
    rows = [*ENOUGH, record("Who?", "Ann", "ann", "Bo", split="test"), record("Whom?", "Cy", "CY", split="test")]
    accepted = {}
    for policy in questions.POLICIES:
        kept, dropped = prepare(rows, policy)
        accepted[policy] = {row.question: row.answers for row in kept.itertuples() if row.question in ("Who?", "Whom?")}
    assert accepted["any"] == {"Who?": ["Ann", "Bo"], "Whom?": ["Cy"]}
    assert accepted["first"] == {"Who?": ["Ann"], "Whom?": ["Cy"]}
    assert accepted["drop"] == {"Whom?": ["Cy"]} and counted(dropped) == {questions.SEVERAL: 1}
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


def test_limits_take_so_many_of_each_relation_and_split():
    rows = [row for relation in ("P1", "P2") for split in questions.SPLITS for row in numbered(9, split, relation)]
    kept, dropped = prepare(rows, limits={"train": 4, "dev": 20, "test": None})
    sizes = kept.groupby(["relation", "split"]).size()
    assert sizes.to_dict() == {(r, s): n for r in ("P1", "P2") for s, n in (("train", 4), ("dev", 9), ("test", 9))}
    assert counted(dropped) == {questions.BEYOND: 10}


def test_a_smaller_limit_takes_a_part_of_the_larger_and_the_seed_decides():
    rows = numbered(60, "train") + ENOUGH[3:]

    def chosen(limit, seed):
        kept, _ = prepare(rows, limits={"train": limit}, seed=seed)
        return set(kept.loc[kept["split"] == "train", "id"])

    assert chosen(5, 1) < chosen(20, 1) < chosen(None, 1)
    assert chosen(20, 1) != chosen(20, 2)


def test_relations_are_chosen_and_unknown_ones_named_with_the_nearest():
    rows = ENOUGH + [row | {"relation": "P800"} for row in ENOUGH]
    kept, dropped = prepare(rows, relations=["P800"])
    assert set(kept["relation"]) == {"P800"} and counted(dropped) == {questions.UNSELECTED: 9}
    with pytest.raises(UserError, match=r"'P80'.*P800"):
        prepare(rows, relations=["P80"])


@pytest.mark.parametrize("split", questions.SPLITS)
def test_an_empty_split_is_an_error_that_names_it(split):
    with pytest.raises(UserError, match=f"split {split} "):
        prepare([row for row in ENOUGH if row["split"] != split])
    with pytest.raises(UserError, match=f"split {split} .*limit"):
        prepare(ENOUGH, limits={split: 0})


def write_lines(path, lines):
    path.write_bytes(b"".join(line if isinstance(line, bytes) else line.encode() + b"\n" for line in lines))
    return path


def test_records_are_read_as_they_were_written(tmp_path):
    lines = [json.dumps(row, ensure_ascii=False) for row in MIXED]
    path = write_lines(tmp_path / "r.jsonl", [b"\xef\xbb\xbf", lines[0], "", *lines[1:]])
    assert list(questions.read_jsonl(path)) == MIXED


GOOD = json.dumps(MIXED[0])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"question": "Why?", "answers": [}', "broken JSON"),
        (GOOD[:30], "broken JSON"),
        ("[1, 2]", "one record"),
        (b'{"question": "caf\xe9"}\n', "UTF-8"),
        (json.dumps(MIXED[0] | {"question": None}), "question must be"),
        (json.dumps(MIXED[0] | {"question": "\ud800"}), "question must be"),
        (json.dumps(MIXED[0] | {"answers": "Rome"}), "answers must be"),
        (json.dumps(MIXED[0] | {"answers": [1.0]}), "answers must be"),
        (json.dumps(MIXED[0] | {"split": "validation"}), "split must be"),
        (json.dumps(MIXED[0] | {"relation": " "}), "relation is blank"),
        (json.dumps(MIXED[0] | {"subject": 3}), "subject must be"),
        (json.dumps({"question": "Why?"}), "relation must be"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, says):
    path = write_lines(tmp_path / "r.jsonl", [GOOD, "", line, GOOD])
    with pytest.raises(UserError, match=rf"r\.jsonl:3:.*{says}"):
        list(questions.read_jsonl(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.jsonl"):
        list(questions.read_jsonl(tmp_path / "none.jsonl"))
