import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import gradual_learning
from gradual_learning.data.question import question_id
from gradual_learning.jobs.atomic_files import atomic_file, write_text
from gradual_learning.jobs.errors import UserError, nearest
from gradual_learning.tables.files import (
    gather,
    read_json_lines,
    read_metadata,
    read_table,
    read_tsv,
    write_json_lines,
    write_parts,
    write_table,
    write_tsv,
)
from gradual_learning.tables.schemas import DOCUMENTS, QUESTIONS

ROW = {
    "id": "00000000000000ff",
    "question": "Which value?\tthis",
    "answers": ["None", "NA", "1.0", "ﬁ 東京"],
    "relation": "NA",
    "subject": None,
    "split": "dev",
    "source": "null",
    "source_id": "007",
}


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_table_is_unchanged_by_writing_and_reading(tmp_path):
    write_table(pd.DataFrame([ROW, ROW]), QUESTIONS, tmp_path / "deep" / "q.parquet")
    row = read_table(tmp_path / "deep" / "q.parquet", QUESTIONS).iloc[1].to_dict()
    assert list(row.pop("answers")) == ROW["answers"]
    assert pd.isna(row.pop("subject"))
    assert row == {key: value for key, value in ROW.items() if key not in ("answers", "subject")}


def test_equal_tables_give_equal_bytes(tmp_path):
    frame = pd.DataFrame([ROW, ROW | {"id": "0", "subject": "someone"}])
    write_table(frame, QUESTIONS, tmp_path / "a")
    write_table(frame.set_index("id", drop=False)[frame.columns[::-1]], QUESTIONS, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_metadata_are_kept_and_parts_form_one_table(tmp_path):
    frame = pd.DataFrame([ROW, ROW | {"id": "0"}, ROW | {"id": "1"}])
    metadata = {"model": "ö", "settings": "[1]"}
    parts = (frame.iloc[start : start + 2] for start in (0, 2))
    write_parts(parts, QUESTIONS, tmp_path / "a", metadata)
    assert read_metadata(tmp_path / "a") == metadata
    assert list(read_table(tmp_path / "a", QUESTIONS)["id"]) == list(frame["id"])
    write_parts([], QUESTIONS, tmp_path / "b")
    assert read_metadata(tmp_path / "b") == {} and read_table(tmp_path / "b", QUESTIONS).empty


def test_a_tsv_keeps_texts_that_look_like_missing_values(tmp_path):
    frame = pd.DataFrame({"text": ["None", "NA", "nan", "a\tb"], "number": [0.1, 1 / 3, None, 2.0]})
    write_tsv(frame, tmp_path / "t.tsv")
    back = read_tsv(tmp_path / "t.tsv")
    assert list(back["text"]) == ["None", "NA", "nan", "a\tb"]
    assert back["number"].isna().tolist() == [False, False, True, False]


def test_a_failed_write_leaves_only_the_old_file(tmp_path):
    write_text("old", tmp_path / "a.txt")
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.txt") as partial:
        partial.write_text("half of the n")
        raise RuntimeError("the disk is full")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_no_partial_table(tmp_path):
    code = (
        "import resource, signal, sys\n"
        "import pandas as pd\n"
        "from gradual_learning.tables import files, schemas\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "frame = pd.DataFrame({'text': [str(n ** 9) for n in range(20000)], 'subject': 'x'})\n"
        "files.write_table(frame, schemas.DOCUMENTS, sys.argv[1])\n"
    )
    environment = {"PYTHONPATH": str(Path(gradual_learning.__file__).parents[1]), "PATH": ""}
    command = [sys.executable, "-c", code, str(tmp_path / "d.parquet")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and "OSError" in done.stderr, done.stderr
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"not parquet"])
def test_a_damaged_table_is_an_error(tmp_path, damage):
    path = tmp_path / "q.parquet"
    write_table(pd.DataFrame([ROW]), QUESTIONS, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"q\.parquet"):
        read_table(path, QUESTIONS)


def test_missing_columns_are_an_error(tmp_path):
    write_table(pd.DataFrame([ROW]).assign(text="t"), DOCUMENTS, tmp_path / "d.parquet")
    with pytest.raises(UserError, match="answers"):
        read_table(tmp_path / "d.parquet", QUESTIONS)


def test_question_ids_are_64_bit_hashes_of_question_and_relation():
    one = question_id("Where was Zoë born?", "P19")
    assert len(one) == 16 and one == f"{int(one, 16):016x}"
    assert one == question_id("  Where was Zoe\u0308\n born? ", "P19")
    assert len({one, question_id("Where was Zoë born?", "P20"), question_id("Who is Zoë?", "P19")}) == 3


def test_the_most_similar_name_is_suggested():
    assert "learning_rate" in nearest("learning_rat", ["epochs", "learning_rate"])
    assert "epochs, seed" in nearest("zzzzzz", ["seed", "epochs"])


def write_shards(folder, *metadata):
    """Write a table of one row for each of the metadata, and return the paths."""
    paths = [str(folder / f"{number}.parquet") for number in range(len(metadata))]
    for path, made_of in zip(paths, metadata, strict=True):
        write_table(pd.DataFrame({"text": [path]}), DOCUMENTS, path, made_of)
    return paths


def test_shards_are_gathered_in_the_given_order(tmp_path):
    paths = write_shards(tmp_path, {"model": "a"}, {"model": "a"})[::-1]
    both = gather(paths, DOCUMENTS)
    assert list(both["text"]) == paths and list(both.index) == [0, 1]


@pytest.mark.parametrize("other", [{"model": "b"}, {}, {"model": "a", "checkpoint": "c"}])
def test_a_shard_with_other_metadata_is_an_error(tmp_path, other):
    paths = write_shards(tmp_path, {"model": "a"}, other)
    with pytest.raises(UserError, match=r"1\.parquet: made of other (model|checkpoint) than .*0\.parquet\. Remove"):
        gather(paths, DOCUMENTS)


def test_json_lines_are_unchanged_by_writing_and_reading(tmp_path):
    rows = [{"text": "a\u2028b\x85c\nd"}, {"text": "Łódź", "value": None}]
    write_json_lines(rows, tmp_path / "rows.jsonl")
    assert read_json_lines(tmp_path / "rows.jsonl") == rows
    write_json_lines([], tmp_path / "none.jsonl")
    assert read_json_lines(tmp_path / "none.jsonl") == []


def test_texts_that_look_like_numbers_stay_texts_in_a_tsv_file(tmp_path):
    texts = {"id": "1234567890123e45", "source_id": "007", "accepted": "1.0", "relation": "1"}
    write_tsv(pd.DataFrame([texts | {"seed": 1}]), tmp_path / "t.tsv")
    assert read_tsv(tmp_path / "t.tsv").iloc[0].to_dict() == texts | {"seed": 1}


def test_a_tsv_keeps_every_character(tmp_path):
    texts = [f"{chr(code)}a{chr(code)}b" for code in [*range(32), 34, 39, 92, 127, 133, 0x2028]]
    write_tsv(pd.DataFrame({"question": texts}), tmp_path / "a.tsv")
    assert read_tsv(tmp_path / "a.tsv")["question"].tolist() == texts
