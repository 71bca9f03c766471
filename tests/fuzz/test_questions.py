"""Files of questions, whatever is in them: read and cleaned, or refused by name, without a file half written."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

import download_dataset
import prepare_questions
from fuzzing import changed, is_read
from gradual_learning.data.cleaning import read_records

ROWS: list[dict[str, Any]] = [
    {
        "question": f"Who wrote book {number}?",
        "answers": [f"Ann {number}", "Bo"],
        "relation": "author",
        "split": ("train", "dev", "test")[number % 3],
        "id": number,
        "extra": None,
    }
    for number in range(9)
]
COLUMNS = list(ROWS[0])
SPLITS = ("train", "dev", "test")
JSON_TOKENS = [b"NaN", b"1e999", b"-0.0", b'"', b"\\", b"\\ud83d", b"\\u0000", b"{", b"}", b"[", b"]", b",", b"null"]
CSV_TOKENS = [b'"', b'""', b",", b"\t", b";", b"sep=;\n", b"question,answers\n", b"[", b'["a",', b"\\"]
SHARES = {"jsonl": 0.2, "json": 0.1, "csv": 0.2, "tsv": 0.1}  # of all files
SETTINGS = {
    "multiple_answers": "any",
    "max_answer_words": None,
    "relations": [],
    "shares": {"train": 0.5, "dev": 0.25, "test": 0.25},
    "limits": {"train": None, "dev": None, "test": None},
    "seed": 1,
}


def delimited(delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows({**row, "answers": json.dumps(row["answers"])} for row in ROWS)
    return text.getvalue().encode()


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def entity_questions() -> dict[str, bytes]:
    row = {"question": "Where was Ann born?", "answers": ["Rome"]}
    files = {f"dataset/{split}/P19.{split}.json": json.dumps([row]).encode() for split in SPLITS}
    return {"relation_query_templates.json": b'{"P19": "Where was [X] born?"}', **files}


def wiki_qa() -> dict[str, bytes]:
    header = "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tLabel\n"
    row = "Q1\twho wrote it?\tD1\tIt\tD1-0\tAnn wrote it.\t1\n"
    return {f"WikiQACorpus/WikiQA-{split}.tsv": (header + row).encode() for split in SPLITS}


def originals(ending: str) -> list[bytes]:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    table = pa.Table.from_pylist(ROWS)
    return {
        "jsonl": lambda: [lines],
        "json": lambda: [json.dumps(ROWS).encode(), json.dumps(ROWS, indent=1).encode(), lines],
        "csv": lambda: [delimited(",")],
        "tsv": lambda: [delimited("\t")],
        "parquet": lambda: [
            parquet(table, compression="none"),
            parquet(table, compression="zstd", use_dictionary=False),
            parquet(table, row_group_size=4),
        ],
    }[ending]()


def prepared(path: Path, source: str = "file") -> bool:
    """Read a file with the scripts of the workflow, and clean what it holds; return whether it is read."""
    folder = path.parent / "results"
    made = {name: folder / name for name in ("records.jsonl", "source.json", "questions.parquet", "dropped.tsv")}
    names = [str(file) for file in made.values()]

    def download() -> None:
        download_dataset.main(str(path), None, *names[:2], source=source, url="", revision="")

    def prepare() -> None:
        prepare_questions.main(names[0], *names[2:], **SETTINGS)

    for file in folder.glob("*"):
        file.unlink()
    if not is_read(download, path):
        assert not list(folder.glob("*")) + list(folder.glob(".*")), "a file is half written"
        return False
    assert all(row["question"].encode() is not None for row in read_records(names[0]))
    cleaned = is_read(prepare, path)
    present = {file.name for file in [*folder.glob("*"), *folder.glob(".*")]}
    assert present == set(list(made)[: 2 + 2 * cleaned]), "a file is half written"
    return True


@pytest.mark.parametrize("ending", SHARES)
def test_a_changed_text_file(fuzz, scratch, ending):
    path = scratch / f"questions.{ending}"

    def check(content: bytes) -> bool:
        path.write_bytes(content)
        return prepared(path)

    fuzz("files", SHARES[ending], changed(originals(ending), JSON_TOKENS if ending[0] == "j" else CSV_TOKENS), check)


def test_a_changed_parquet_file(fuzz, scratch):
    path = scratch / "questions.parquet"

    def check(content: bytes) -> bool:
        path.write_bytes(content)
        return prepared(path)

    fuzz("files", 0.1, changed(originals("parquet"), [b"PAR1"]), check)


@pytest.mark.parametrize("source", ["entity_questions", "wiki_qa"])
def test_a_changed_archive(fuzz, scratch, source):
    members = {"entity_questions": entity_questions, "wiki_qa": wiki_qa}[source]()
    kinds = [zipped(members, method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)]
    path = scratch / "archive.zip"

    def check(content: bytes) -> bool:
        path.write_bytes(content)
        return prepared(path, source)

    fuzz("files", 0.05, changed(kinds, [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"]), check)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(SPLITS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def rows(values: st.SearchStrategy) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return a strategy for rows in which some columns hold what they should, and others hold anything."""
    right = st.sampled_from(ROWS)
    wrong = st.dictionaries(st.one_of(st.sampled_from(COLUMNS), st.text(max_size=8)), values, max_size=5)
    return st.lists(st.builds(lambda row, other: {**row, **other}, right, wrong), max_size=6)


def test_any_values_in_json(fuzz, scratch):
    path = scratch / "questions.jsonl"

    def check(found: list[dict[str, Any]]) -> bool:
        path.write_text("".join(json.dumps(row) + "\n" for row in found))
        return prepared(path)

    fuzz("files", 0.05, rows(VALUES), check)


def test_any_texts_in_csv(fuzz, scratch):
    path = scratch / "questions.csv"
    texts = st.text(st.characters(codec="utf-8"), max_size=30)

    def check(found: list[dict[str, Any]]) -> bool:
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys([*COLUMNS, *(name for row in found for name in row)])))
            writer.writeheader()
            writer.writerows(found)
        return prepared(path)

    fuzz("files", 0.05, rows(texts), check)


TYPES = [
    *(pa.string(), pa.large_string(), pa.binary(), pa.int8(), pa.uint64(), pa.float16(), pa.float64(), pa.bool_()),
    *(pa.date32(), pa.timestamp("ns", tz="UTC"), pa.duration("s"), pa.decimal128(9, 2), pa.null(), pa.time64("ns")),
]


@st.composite
def columns(draw: st.DrawFn) -> pa.Table:
    """Return a table whose columns have any types, plain, as lists, as structures or encoded as dictionaries."""
    arrays, size = {}, draw(st.integers(0, 4))
    for name in ["question", "answers", *draw(st.lists(st.sampled_from(COLUMNS), max_size=3))]:
        kind = draw(st.sampled_from(TYPES))
        small = st.one_of(st.none(), st.integers(0, 100))
        numbers = pa.array(draw(st.lists(small, min_size=size, max_size=size)), pa.int8())
        plain = _as_type(numbers, kind)
        match draw(st.sampled_from(("plain", "list", "struct", "dictionary"))):
            case "list":
                arrays[name] = pa.array([[value, None] for value in plain.to_pylist()], pa.list_(kind))
            case "struct":
                arrays[name] = pa.StructArray.from_arrays([plain], ["inner"])
            case "dictionary" if kind != pa.null():
                arrays[name] = plain.dictionary_encode()
            case _:
                arrays[name] = plain
    return pa.table(arrays)


def _as_type(numbers: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return numbers as another type, or as many nulls where there is no way."""
    for way in ([kind], [pa.string(), kind], [pa.int64(), kind], [pa.int32(), kind]):
        try:
            found = numbers
            for step in way:
                found = found.cast(step)
        except pa.ArrowException:
            continue
        return found
    return pa.nulls(len(numbers), kind)


def test_any_types_in_parquet(fuzz, scratch):
    path = scratch / "questions.parquet"

    def check(table: pa.Table) -> bool:
        pq.write_table(table, path)
        return prepared(path)

    fuzz("files", 0.02, columns(), check)
