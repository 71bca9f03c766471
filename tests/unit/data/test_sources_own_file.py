import json
import logging

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradual_learning.jobs.errors import UserError
from own_files import fault, read

STUBBORN = ["None", "NA", "1.0", "nan", "true", "007", "1e3", "null", "-", "1969-07-20", "東京"]


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_lines(path, rows):
    return write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def written(rows, folder, ending):
    """Write the same rows in one of the formats."""
    path = folder / f"own{ending}"
    if ending in (".jsonl", ".ndjson"):
        return write_lines(path, rows)
    if ending == ".json":
        return write(path, json.dumps(rows, indent=1))
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    cells = pd.DataFrame(rows).map(lambda cell: json.dumps(cell) if isinstance(cell, list) else cell)
    cells.to_csv(path, index=False, sep="\t" if ending == ".tsv" else ",")
    return path


FORMATS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_the_same_records(tmp_path, ending):
    rows = [
        {"id": f"q{n}", "question": f'Who, "quoted"\tand\nbroken, is {n}?', "answers": answers, "relation": "r", **rest}
        for n, (answers, rest) in enumerate(
            [
                (["Ann"], {"subject": "A", "split": "Train"}),
                (["Bo, Jr.", 'the "Big" Bo'], {"subject": "B", "split": "VALIDATION"}),
                (STUBBORN, {"subject": "None", "split": "test"}),
            ]
        )
    ]
    path = written(rows, tmp_path, ending)
    found = read(path)
    assert [row["answers"] for row in found] == [row["answers"] for row in rows]
    assert [row["question"] for row in found] == [row["question"] for row in rows]
    assert [row["split"] for row in found] == ["train", "dev", "test"]
    assert [(row["relation"], row["subject"]) for row in found] == [("r", "A"), ("r", "B"), ("r", "None")]
    assert [row["source_id"] for row in found] == ["q0", "q1", "q2"]
    assert {row["file"] for row in found} == {str(path)} and {row["source"] for row in found} == {"file"}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("answer", STUBBORN)
def test_an_answer_that_looks_like_another_type_stays_text_in_every_format(tmp_path, ending, answer):
    rows = [{"question": "Which?", "answer": answer}, {"question": answer, "answer": "x"}]
    found = read(written(rows, tmp_path, ending))
    assert found[0]["answers"] == [answer] and found[1]["question"] == answer


def test_only_question_and_answers_are_required(tmp_path):
    found = read(write_lines(tmp_path / "own.jsonl", [{"question": "Who?", "answers": "Ann"}]))
    assert found == [
        {
            "question": "Who?",
            "answers": ["Ann"],
            "relation": "file",
            "subject": None,
            "split": None,
            "source": "file",
            "file": str(tmp_path / "own.jsonl"),
            "row": 1,
            "source_id": None,
        }
    ]


def test_a_missing_answer_is_left_to_cleaning_in_every_format(tmp_path):
    json_row = read(write_lines(tmp_path / "own.jsonl", [{"question": "Who?", "answers": None}]))[0]
    csv_row = read(write(tmp_path / "own.csv", "question,answers\nWho?,\n"))[0]
    pq.write_table(pa.table({"question": ["Who?"], "answers": pa.array([None], pa.string())}), tmp_path / "o.parquet")
    assert [json_row["answers"], csv_row["answers"], read(tmp_path / "o.parquet")[0]["answers"]] == [[], [""], []]


def test_lines_are_numbered_as_in_an_editor(tmp_path):
    text = '\ufeffquestion,answers\r\nWho?,Ann\r\n\r\n"Who\r\nelse?",Bo\r\nAnd?,Cy\r\n'
    found = read(write(tmp_path / "own.csv", text))
    assert [row["row"] for row in found] == [2, 4, 6]
    assert [row["question"] for row in found] == ["Who?", "Who\r\nelse?", "And?"]
    lines = '\ufeff{"question": "Who?", "answers": "Ann"}\r\n\r\n{"question": "Whom?", "answers": "Bo"}'
    assert [row["row"] for row in read(write(tmp_path / "own.jsonl", lines))] == [1, 3]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("own.jsonl", '{"question": "a", "answers": "b"}\n{"question": "a" "answers": "b"}\n', ":2:18: broken JSON"),
        ("own.jsonl", b'{"question": "a", "answers": "b"}\n\n{"question": "caf\xe9"}\n', ":3: not UTF-8"),
        ("own.jsonl", '{"qestion": "a", "answers": "b"}\n', ":1: there is no 'question'; did you mean qestion?"),
        ("own.jsonl", '{"question": "a", "anwser": "b"}\n', ":1: there is no 'answers'; did you mean anwser?"),
        ("own.jsonl", '{"question": "a", "answers": "b"}\n{"question": "a"}\n', ":2: there is no 'answers'"),
        ("own.jsonl", '{"question": "a", "answer": "b", "answers": "b"}\n', ":1: there are both"),
        ("own.jsonl", '{"question": ["a"], "answers": "b"}\n', ':1: question must be a text, got ["a"]'),
        ("own.jsonl", '{"question": "a", "answers": {"b": 1}}\n', ":1: answers must be a text"),
        ("own.jsonl", '{"question": "a", "answers": [["b"]]}\n', ":1: answers must be a text"),
        ("own.jsonl", '{"question": "a", "answers": "\\ud83d"}\n', ":1: answers must be a text"),
        ("own.jsonl", '{"question": "a", "answers": "[b, c]"}\n', ":1: answers must be a JSON list"),
        (
            "own.jsonl",
            '{"question": "a", "answers": "b", "split": "tets"}\n',
            ":1: split 'tets' is unknown; did you mean test",
        ),
        ("own.jsonl", '{"question": "a", "answers": "b", "relation": [1]}\n', ":1: relation must be a text"),
        ("own.jsonl", '"a"\n', ":1: expected a record"),
        ("own.json", '[{"question": "a", "answers": "b"}, 3]', ": row 2: expected a record"),
        ("own.json", '[\n{"question": "a"\n', ":3:1: broken JSON"),
        ("own.json", '{\n "question": "a"\n}', ":1:2: broken JSON"),
        ("own.csv", "", ": is empty"),
        ("own.csv", "\r\n\r\n", ": is empty"),
        ("own.csv", "question;answers\na;b\n", ":1: only one column"),
        ("own.csv", "question,answers,answers\na,b,c\n", ":1: there are 2 columns 'answers'"),
        ("own.csv", "question,answers\na,b\na,b,c\n", ":3: 3 cells, but the first line names 2"),
        ("own.csv", "question,answers\na,b\na\n", ":3: 1 cells"),
        ("own.csv", 'question,answers\n"a,b\na,b\n', ":2: broken row"),
        ("own.csv", 'question,answers\n"a"b,c\n', ":2: broken row"),
        ("own.csv", "question,answers\na,\"['b', 'c']\"\n", ":2: answers must be a JSON list"),
        ("own.csv", 'question,answers\na,"[""\\ud83d""]"\n', ":2: answers must be a text"),
        ("own.csv", b"question,answers\na,b\ncaf\xe9,b\n", ":3: not UTF-8"),
        ("own.csv", "Frage,answers\na,b\n", ":2: there is no 'question'"),
        ("own.tsv", "question,answers\na,b\n", ":1: only one column"),
        ("own.parquet", "question,answers\n", ": cannot be read"),
        ("own.xlsx", "PK", ": unknown format; known suffixes: .jsonl"),
    ],
)
def test_a_fault_is_an_error_with_file_and_line(tmp_path, name, content, message):
    assert f"{name}{message}" in fault(write(tmp_path / name, content))


def test_a_parquet_column_without_text_is_an_error(tmp_path):
    pq.write_table(pa.table({"question": pa.array([b"\xff"]), "answers": ["b"]}), tmp_path / "own.parquet")
    assert "own.parquet:1: question is not a text (binary" in fault(tmp_path / "own.parquet")
    pq.write_table(pa.table({"question": ["a"], "answers": [{"b": "c"}]}), tmp_path / "own.parquet")
    assert "answers must be a text" in fault(tmp_path / "own.parquet")


def test_a_missing_file_is_an_error(tmp_path):
    assert "none.csv: cannot be read" in fault(tmp_path / "none.csv")


def test_a_misspelled_optional_column_causes_one_warning(tmp_path, caplog):
    rows = [{"question": "Who?", "answers": "Ann", "relatoin": "r", "notes": "x"}] * 3
    with caplog.at_level(logging.WARNING):
        read(write_lines(tmp_path / "own.jsonl", rows))
    assert len(caplog.records) == 1 and "column 'relatoin' is ignored; if it is the relation" in caplog.text


GOOD = '{"question": "Who?", "answer": "x"}\n'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.jsonl",
            GOOD + '{"question": "a", "question": "b", "answer": "x"}',
            r"a\.jsonl:2: the key .question. is given",
        ),
        ("a.jsonl", GOOD + '{"question": "a", "answer": NaN}', r"a\.jsonl:2: NaN is not a JSON value"),
        ("a.json", '[{"question": "a", "answer": -Infinity}]', "-Infinity is not a JSON value"),
        ("a.jsonl", GOOD + "\ufeff" + GOOD, r"a\.jsonl:2: a byte order mark within the file"),
        ("a.csv", "question,answer\nWho?,x\nquestion, answer\nWhat?,y\n", r"a\.csv:3: the names of the columns again"),
        ("a.csv", "question,answer\nWho?,x\n\ufeffquestion,answer\n", r"a\.csv:3: a byte order mark within"),
        ("a.tsv", "question\tanswer\nquestion\tanswer\n", r"a\.tsv:2: the names of the columns again"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(name, text, message, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read(tmp_path / name)
