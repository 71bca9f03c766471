import subprocess
import sys

import pandas as pd
import pytest

from gradual_learning import records

ROW = {
    "id": "00000000000000ff",
    "question": "Which value?\tthis",
    "answers": ["None", "NA", "1.0", "ﬁ 東京"],
    "relation": "NA",
    "subject": None,
    "split": "dev",
    "source": "null",
}


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_table_comes_back_as_it_was_written(tmp_path):
    records.write_table(pd.DataFrame([ROW, ROW]), records.QUESTIONS, tmp_path / "deep" / "q.parquet")
    back = records.read_table(tmp_path / "deep" / "q.parquet", records.QUESTIONS)
    row = back.iloc[1].to_dict()
    assert list(row.pop("answers")) == ROW["answers"]
    assert pd.isna(row.pop("subject"))
    assert row == {key: value for key, value in ROW.items() if key not in ("answers", "subject")}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    frame = pd.DataFrame([ROW, ROW | {"id": "0", "subject": "someone"}])
    records.write_table(frame, records.QUESTIONS, tmp_path / "a")
    records.write_table(frame.set_index("id", drop=False)[frame.columns[::-1]], records.QUESTIONS, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_notes_come_back_and_a_table_written_in_parts_is_the_whole(tmp_path):
    frame = pd.DataFrame([ROW, ROW | {"id": "0"}, ROW | {"id": "1"}])
    notes = {"model": "ö", "settings": "[1]"}
    parts = (frame.iloc[start : start + 2] for start in (0, 2))
    records.write_parts(parts, records.QUESTIONS, tmp_path / "a", notes)
    assert records.read_metadata(tmp_path / "a") == notes
    assert list(records.read_table(tmp_path / "a", records.QUESTIONS)["id"]) == list(frame["id"])
    records.write_parts([], records.QUESTIONS, tmp_path / "b")
    assert records.read_metadata(tmp_path / "b") == {} and records.read_table(tmp_path / "b", records.QUESTIONS).empty


def test_a_tsv_keeps_texts_that_look_like_missing_values(tmp_path):
    frame = pd.DataFrame({"text": ["None", "NA", "nan", "a\tb"], "number": [0.1, 1 / 3, None, 2.0]})
    records.write_tsv(frame, tmp_path / "t.tsv")
    back = records.read_tsv(tmp_path / "t.tsv")
    assert list(back["text"]) == ["None", "NA", "nan", "a\tb"]
    assert back["number"].isna().tolist() == [False, False, True, False]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    records.write_text("old", tmp_path / "a.txt")
    with pytest.raises(RuntimeError), records.whole_file(tmp_path / "a.txt") as partial:
        partial.write_text("half of the n")
        raise RuntimeError("the disk is full")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert files(tmp_path) == ["a.txt"]


def test_no_half_written_table_is_left_when_no_space_is_left(tmp_path):
    code = (
        "import resource, signal, sys\n"
        "import pandas as pd\n"
        "from gradual_learning import records\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "frame = pd.DataFrame({'text': [str(n ** 9) for n in range(20000)], 'subject': 'x'})\n"
        "records.write_table(frame, records.DOCUMENTS, sys.argv[1])\n"
    )
    environment = {"PYTHONPATH": records.__file__.removesuffix("/gradual_learning/records.py"), "PATH": ""}
    command = [sys.executable, "-c", code, str(tmp_path / "d.parquet")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and "OSError" in done.stderr, done.stderr
    assert files(tmp_path) == []


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"not parquet"])
def test_a_damaged_table_is_named(tmp_path, damage):
    path = tmp_path / "q.parquet"
    records.write_table(pd.DataFrame([ROW]), records.QUESTIONS, path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(records.UserError, match=r"q\.parquet"):
        records.read_table(path, records.QUESTIONS)


def test_a_table_of_something_else_is_refused_with_the_missing_columns(tmp_path):
    records.write_table(pd.DataFrame([ROW]).assign(text="t"), records.DOCUMENTS, tmp_path / "d.parquet")
    with pytest.raises(records.UserError, match="answers"):
        records.read_table(tmp_path / "d.parquet", records.QUESTIONS)


def test_question_ids_are_64_bit_keys_of_question_and_relation():
    one = records.question_id("Where was Zoë born?", "P19")
    assert len(one) == 16 and one == f"{int(one, 16):016x}"
    assert one == records.question_id("  Where was Zoe\u0308\n born? ", "P19")
    assert len({one, records.question_id("Where was Zoë born?", "P20"), records.question_id("Who is Zoë?", "P19")}) == 3


def test_the_nearest_name_is_suggested():
    assert "learning_rate" in records.nearest("learning_rat", ["epochs", "learning_rate"])
    assert "epochs, seed" in records.nearest("zzzzzz", ["seed", "epochs"])


def test_gather_keeps_the_given_order(tmp_path):
    for name in "ba":
        records.write_tsv(pd.DataFrame({"name": [name]}), tmp_path / name)
    both = records.gather([str(tmp_path / "b"), str(tmp_path / "a")], records.read_tsv)
    assert list(both["name"]) == ["b", "a"] and list(both.index) == [0, 1]


def test_json_lines_come_back_whatever_their_texts_hold(tmp_path):
    rows = [{"text": "a\u2028b\x85c\nd"}, {"text": "Łódź", "value": None}]
    records.write_json_lines(rows, tmp_path / "rows.jsonl")
    assert records.read_json_lines(tmp_path / "rows.jsonl") == rows
    records.write_json_lines([], tmp_path / "none.jsonl")
    assert records.read_json_lines(tmp_path / "none.jsonl") == []
