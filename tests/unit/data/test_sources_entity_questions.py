import json
import os
import zipfile
from pathlib import Path

import pytest

from file_trees import pack, unpack
from gradual_learning.data import cleaning
from gradual_learning.data.sources import registry
from gradual_learning.jobs.errors import UserError

TEMPLATES = {"P19": "Where was [X] born?", "P19_similar": "What is the birthplace of [X]?", "P69": "[X] studied where?"}
REAL = Path(os.environ.get("ENTITY_QUESTIONS", "../shared/data/entity_questions_id.zip"))


def layout(relations=("P19", "P69")):
    files = {"relation_query_templates.json": json.dumps(TEMPLATES)}
    for relation in relations:
        for split in ("train", "dev", "test"):
            rows = [
                {"question": TEMPLATES[relation].replace("[X]", f"{split} Zoë {n}"), "answers": ["NA", "1.0"]}
                for n in range(3)
            ]
            files[f"dataset/{split}/{relation}.{split}.json"] = json.dumps(rows, indent=1, ensure_ascii=False)
    return files


def read(path):
    return list(registry.read("entity_questions", path))


def fault(path):
    with pytest.raises(UserError) as caught:
        read(path)
    return str(caught.value)


def test_zip_and_folder_give_the_same_records(tmp_path):
    zipped = read(pack(layout(), tmp_path / "d.zip"))
    folder = unpack(layout(), tmp_path / "d")
    assert zipped == read(folder)
    bare = [row | {"file": f"dataset/{row['file']}", "subject": None} for row in read(folder / "dataset")]
    assert bare == [row | {"subject": None} for row in zipped]
    assert len(zipped) == 18


def test_a_record_names_its_file_and_row(tmp_path):
    row = read(pack(layout(), tmp_path / "d.zip"))[4]
    assert row == {
        "question": "Where was dev Zoë 1 born?",
        "answers": ["NA", "1.0"],
        "relation": "P19",
        "subject": "dev Zoë 1",
        "split": "dev",
        "source": "entity_questions",
        "file": "dataset/dev/P19.dev.json",
        "row": 2,
    }


def test_the_subject_fills_the_gap_of_a_template_of_the_relation(tmp_path):
    texts = {
        "Where was Ann born?": "Ann",
        "What is the birthplace of Bo?": "Bo",
        "Cy studied where?": None,  # another relation's template
        "Where was born?": None,
        "Where was  born?": None,
    }
    rows = json.dumps([{"question": text, "answers": ["Rome"]} for text in texts])
    path = pack(layout() | {"dataset/train/P19.train.json": rows}, tmp_path / "d.zip")
    found = {row["question"]: row["subject"] for row in read(path) if row["file"] == "dataset/train/P19.train.json"}
    assert found == texts


def test_a_byte_order_mark_is_ignored(tmp_path):
    files = {name: f"\ufeff{text}" for name, text in layout().items()}
    assert read(pack(files, tmp_path / "marked.zip")) == read(pack(layout(), tmp_path / "plain.zip"))


def test_without_templates_no_subject_is_known(tmp_path):
    files = layout()
    del files["relation_query_templates.json"]
    assert {row["subject"] for row in read(pack(files, tmp_path / "d.zip"))} == {None}


def test_files_outside_the_layout_are_ignored(tmp_path):
    rows = json.dumps([{"question": "Unrelated?", "answers": ["x"]}])
    others = [
        "dataset/train/one-off/P19.train.json",
        "dataset/one-off/train/P19.train.json",
        "one-off/P19.train.json",
        "dataset/train/P19.dev.json",
        "../dataset/train/P50.train.json",
        "dataset/../train/P50.train.json",
        "/dataset/train/P50.train.json",
        "__MACOSX/dataset/train/._P50.train.json",
        "dataset/train/P50.train.json.bak",
        "README.md",
    ]
    path = pack(layout() | dict.fromkeys(others, rows), tmp_path / "d.zip")
    assert read(path) == read(pack(layout(), tmp_path / "clean.zip"))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["clean.zip", "d.zip"]


def test_a_relation_that_lacks_a_split_is_read_and_named_in_the_log(tmp_path, caplog):
    files = layout()
    del files["dataset/dev/P69.dev.json"]
    found = read(pack(files, tmp_path / "d.zip"))
    assert len(found) == 15 and "relation P69 has no file for dev" in caplog.text


def test_a_missing_path_or_another_layout_is_an_error(tmp_path):
    assert "no.zip: there is no such file" in fault(tmp_path / "no.zip")
    assert "contains no dataset/" in fault(pack({"README.md": "x"}, tmp_path / "other.zip"))
    assert "contains no dataset/" in fault(unpack({"README.md": "x"}, tmp_path / "folder"))


def test_every_truncation_of_an_archive_is_an_error(tmp_path):
    data = pack(layout(), tmp_path / "d.zip").read_bytes()
    for share in (0.0, 0.3, 0.7, 0.99):
        (tmp_path / "cut.zip").write_bytes(data[: int(share * len(data))])
        assert "cut.zip: not a readable zip archive" in fault(tmp_path / "cut.zip")
    (tmp_path / "page.zip").write_text("<html>404</html>")
    assert "page.zip: not a readable" in fault(tmp_path / "page.zip")


def test_a_changed_byte_in_an_archive_is_an_error_that_names_the_file(tmp_path):
    path = pack(layout(), tmp_path / "d.zip")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("dataset/dev/P69.dev.json")
    data = bytearray(path.read_bytes())
    data[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 0xFF
    path.write_bytes(data)
    assert "d.zip:dataset/dev/P69.dev.json: not a readable" in fault(path)


NAME = "dataset/dev/P19.dev.json"


def test_broken_json_is_an_error_with_line_and_column(tmp_path):
    text = '[\n {"question": "Where was Ann born?", "answers": ["Rome"]},\n {"question": "Bo? "answers": []}\n]'
    message = fault(pack(layout() | {NAME: text}, tmp_path / "d.zip"))
    assert f"{NAME}:3:21: broken JSON" in message and '"Bo? "answers"' in message
    assert f"{NAME}:2:" in fault(pack(layout() | {NAME: '[{"question":\n'}, tmp_path / "d.zip"))
    assert f"{NAME}:2: not UTF-8" in fault(pack(layout() | {NAME: b'[\n"caf\xe9"]'}, tmp_path / "d.zip"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"question": "Why?"}, f"{NAME}: expected a list"),
        ([], f"{NAME}: contains no questions"),
        (["Why?"], f"{NAME}: row 1: expected {{"),
        ([{"question": "Why?", "answers": ["x"]}, {"question": "Why?"}], f"{NAME}: row 2: expected {{"),
        ([{"question": 3, "answers": ["x"]}], f"{NAME}: row 1: question must be a text, got 3"),
        ([{"question": "Why?", "answers": "x"}], f"{NAME}: row 1: answers must be a list"),
        ([{"question": "Why?", "answers": ["x", 1.0]}], f"{NAME}: row 1: answers must be a list"),
        ([{"question": "Why?", "answers": ["\ud83d"]}], f"{NAME}: row 1: answers must be a list"),
    ],
)
def test_an_unexpected_structure_is_an_error_with_file_and_row(tmp_path, rows, message):
    assert message in fault(pack(layout() | {NAME: json.dumps(rows)}, tmp_path / "d.zip"))


def test_broken_templates_are_an_error(tmp_path):
    for text in ("{", "[]", '{"P19": "Where?"}', '{"P19": 3}'):
        message = fault(pack(layout() | {"relation_query_templates.json": text}, tmp_path / "d.zip"))
        assert "relation_query_templates.json" in message


@pytest.fixture(scope="module")
def real():
    """The records of the real archive, and those that are kept of its questions with one answer."""
    if not REAL.exists():
        pytest.skip("the real archive is not available (set ENTITY_QUESTIONS to its path)")
    found = read(REAL)
    settings = {"max_answer_words": None, "relations": [], "limits": {}, "seed": 1}
    shares = {"train": 0.6, "dev": 0.15, "test": 0.25}
    kept, dropped = cleaning.prepare(found, multiple_answers="drop", shares=shares, **settings)
    return found, kept, dropped


def test_all_records_of_the_real_archive_are_kept_or_dropped(real):
    found, kept, dropped = real
    assert all(row["subject"] and row["subject"] in row["question"] for row in found)
    assert len(kept) + dropped["count"].sum() == len(found) > 100000
    assert kept["id"].is_unique and set(kept["answers"].map(len)) == {1}


def test_all_train_rows_of_the_real_archive_that_gekhman_et_al_removed_are_dropped(real):
    found, kept, _ = real
    single = [(row, row["answers"][0]) for row in found if len(row["answers"]) == 1]
    train = [(row, answer) for row, answer in single if row["split"] == "train"]
    test = [(row, answer) for row, answer in single if row["split"] == "test"]
    questions, answers = {row["question"] for row, _ in test}, {answer for _, answer in test}
    subjects = {(row["relation"], row["subject"]) for row, _ in test}
    removed = {
        (row["question"], row["relation"])
        for row, answer in train
        if row["question"] in questions or row["subject"] in answers or (row["relation"], answer) in subjects
    }
    ours = kept[kept["split"] == "train"]
    assert 0.02 < len(removed) / len(train) < 0.03  # published: 2.1 %, rows with several answers included
    assert not removed & set(zip(ours["question"], ours["relation"], strict=True))
