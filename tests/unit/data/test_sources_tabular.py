"""Files as spreadsheets and other programs write them, and one notation of numbers in all formats."""

import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradual_learning.data.sources.texts import UnclearError, number_text
from own_files import fault, read

ROWS = ["Who?,Ann,r", "Where?,Rome,r"]
NUMBERS = {
    "1969": "1969",
    "1998.0": "1998",
    "1.998e3": "1998",
    "0.10": "0.1",
    "-0.0": "0",
    "-2.50": "-2.5",
    "1e-7": "0.0000001",
    "1e20": "100000000000000000000",
    "123456789012345678901234567890.5": "123456789012345678901234567890.5",
    "9" * 200: "9" * 200,
}


def content(path, text):
    """Write a file, and return what its rows hold."""
    path.write_bytes(text.encode())
    return [(row["question"], row["answers"], row["relation"], row["row"]) for row in read(path)]


EXPECTED = [("Who?", ["Ann"], "r", 2), ("Where?", ["Rome"], "r", 3)]


@pytest.mark.parametrize(("written", "text"), NUMBERS.items())
def test_a_number_has_one_notation(written, text):
    assert number_text(written) == text


@pytest.mark.parametrize("written", ["nan", "-inf", "1e400", "1e-400", "1e99999999999999999999"])
def test_a_number_that_cannot_be_written_out_is_refused(written):
    with pytest.raises(UnclearError, match=f"the number {written} cannot"):
        number_text(written)


def test_equal_numbers_are_the_same_text_in_json_parquet_and_lists_in_csv(tmp_path):
    numbers = [1998.0, 0.5, 12.0, 1e20, -0.0]
    (tmp_path / "a.jsonl").write_text(json.dumps({"question": 1984.0, "answers": numbers, "relation": 3, "id": 7.0}))
    cell = json.dumps(numbers)
    (tmp_path / "a.csv").write_text(f'question,answers,relation,id\n1984,"{cell}",3,7\n')
    columns = {"question": [1984.0], "answers": [numbers], "relation": pa.array([3], pa.int8()), "id": [7.0]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    for ending in ("jsonl", "csv", "parquet"):
        (row,) = read(tmp_path / f"a.{ending}")
        assert row["answers"] == ["1998", "0.5", "12", "100000000000000000000", "0"], ending
        assert (row["question"], row["relation"], row["source_id"]) == ("1984", "3", "7"), ending


def test_decimals_short_floats_and_nulls_of_a_parquet_file_are_numbers_too(tmp_path):
    columns = {
        "question": pa.array(["a", "b"]),
        "answers": pa.array([[Decimal("1.50"), None], None], pa.list_(pa.decimal128(9, 2))),
        "relation": pa.array([1, 2], pa.int8()),
        "subject": pa.array([0.1, None], pa.float32()),
        "split": pa.array(["train", "test"]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert [row["answers"] for row in found] == [["1.5"], []]
    assert [(row["relation"], row["subject"], row["split"]) for row in found] == [
        ("1", "0.1", "train"),
        ("2", None, "test"),
    ]


def test_numbers_that_are_none_are_refused_with_their_row(tmp_path):
    pq.write_table(pa.table({"question": ["a", "b"], "answer": [1.0, float("nan")]}), tmp_path / "a.parquet")
    assert "a.parquet:2: answer is not a text (double: the number nan" in fault(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"question": "a", "answer": 1}\n{"question": "b", "answer": 1e400}\n')
    assert "a.jsonl:2: the number 1e400 cannot be written out" in fault(tmp_path / "a.jsonl")
    (tmp_path / "a.csv").write_text('question,answer\na,"[1, NaN]"\n')
    assert "a.csv:2: answer: NaN is not a JSON value" in fault(tmp_path / "a.csv")


def test_brackets_within_brackets_without_end_are_refused(tmp_path):
    (tmp_path / "a.json").write_text("[" * 200_000)
    assert "a.json:1: too many brackets" in fault(tmp_path / "a.json")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(tmp_path, end):
    assert content(tmp_path / "a.csv", end.join(["question,answers,relation", *ROWS, ""])) == EXPECTED
    lines = [json.dumps({"question": question, "answers": answers}) for question, answers, *_ in EXPECTED]
    found = content(tmp_path / "a.jsonl", end.join(lines))
    assert [(question, line) for question, *_, line in found] == [("Who?", 1), ("Where?", 2)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_fault_is_named_with_its_line_whatever_ends_the_lines(tmp_path, end):
    (tmp_path / "a.csv").write_bytes(end.join(["question,answers", "a,b", "c", ""]).encode())
    assert "a.csv:3: 1 cells" in fault(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(end.encode().join([b"question,answers", b"a,b", b"caf\xe9,b"]))
    assert "a.csv:3: not UTF-8" in fault(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(end.join(["question,answers", "a,b", "\ufeffc,d"]).encode())
    assert "a.csv:3: a byte order mark" in fault(tmp_path / "a.csv")


@pytest.mark.parametrize("first", ["sep={}", "SEP={}", '"sep={}"', "sep={0}{0}{0}", "\ufeffsep={}"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_line_with_which_excel_names_the_separator_is_followed(tmp_path, first, mark):
    lines = [first.format(mark), *(line.replace(",", mark) for line in ["question,answers,relation", *ROWS])]
    expected = [(*values, line + 1) for *values, line in EXPECTED]
    assert content(tmp_path / "a.csv", "\r\n".join(lines)) == expected


def test_empty_columns_and_rows_at_the_end_do_not_count_and_may_be_missing(tmp_path):
    assert content(tmp_path / "a.csv", "question,answers,relation,,\nWho?,Ann,r,,\nWhere?,Rome,r\n") == EXPECTED
    assert content(tmp_path / "a.csv", "question,answers,relation\nWho?,Ann,r,,\nWhere?,Rome,r, \n") == EXPECTED
    assert content(tmp_path / "a.csv", "question,answers,relation\nWho?,Ann,r\nWhere?,Rome,r\n,,\n , ,,\n") == EXPECTED
    (tmp_path / "a.csv").write_text("question,answers,relation,,\nWho?,Ann,r,,x\n")
    assert "a.csv:2: 5 cells, but the first line names 3" in fault(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("question,answers,relation,,\nWho?,Ann,r,,\nquestion,answers,relation,,\n")
    assert "a.csv:3: the names of the columns again" in fault(tmp_path / "a.csv")


def test_columns_that_are_not_used_may_hold_anything(tmp_path):
    assert [row[:2] for row in content(tmp_path / "a.csv", ",question,note,answers,note\n0,Who?,x,Ann,y\n")] == [
        ("Who?", ["Ann"])
    ]
    assert content(tmp_path / "a.csv", f"question,answers,relation,note\nWho?,Ann,r,{'x' * 200_000}\n") == EXPECTED[:1]
    columns = [["Who?", "Where?"], [["Ann"], ["Rome"]], ["x", "y"], ["x", "y"], [b"\xff", b"\xfe"], [b"\xff", b""]]
    names = ["question", "answers", "note", "note", "image", "answers.image"]
    pq.write_table(pa.Table.from_arrays(list(map(pa.array, columns)), names), tmp_path / "a.parquet")
    assert [(row["question"], row["answers"]) for row in read(tmp_path / "a.parquet")] == [
        ("Who?", ["Ann"]),
        ("Where?", ["Rome"]),
    ]


def test_a_cell_without_a_closing_quote_is_named_by_its_first_line(tmp_path):
    (tmp_path / "a.csv").write_text('question,answers\na,b\n"c,d\n' + "e,f\n" * 100_000)
    assert "a.csv:3: broken row" in fault(tmp_path / "a.csv")


def test_a_used_column_may_not_exist_twice(tmp_path):
    table = pa.Table.from_arrays([pa.array(["Who?"])] + [pa.array(["Ann"])] * 2, ["question", "answers", "answers"])
    pq.write_table(table, tmp_path / "a.parquet")
    assert "a.parquet: there are 2 columns 'answers'; rename one" in fault(tmp_path / "a.parquet")


def test_a_parquet_file_without_any_used_column_lacks_the_question(tmp_path):
    pq.write_table(pa.table({"qestion": ["Who?"]}), tmp_path / "a.parquet")
    assert "a.parquet: there is no 'question'; did you mean qestion?" in fault(tmp_path / "a.parquet")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.list_(pa.string())])
def test_broken_characters_in_a_parquet_column_are_named_with_their_row(tmp_path, kind):
    raw = pa.array([b"Ann", b"caf\xe9", b"Bo"])
    if pa.types.is_list(kind):
        broken = pa.ListArray.from_arrays([0, 1, 2, 3], raw.view(pa.string()))
    else:
        broken = raw.cast(pa.large_binary()).view(kind) if kind == pa.large_string() else raw.view(kind)
    pq.write_table(pa.table({"question": ["a", "b", "c"], "answers": broken}), tmp_path / "a.parquet")
    assert "a.parquet:2: answers is not a text" in fault(tmp_path / "a.parquet")


def test_binary_columns_of_utf8_are_texts(tmp_path):
    pq.write_table(pa.table({"question": ["東京?".encode()], "answers": [b"x"]}), tmp_path / "a.parquet")
    (row,) = read(tmp_path / "a.parquet")
    assert (row["question"], row["answers"]) == ("東京?", ["x"])
