import json
import os
import zipfile
from pathlib import Path

import pytest

import download_dataset
import prepare_questions
from gradual_learning import questions, records, sources

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


def pack(files, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def unpack(files, path):
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


def read(path, relations=()):
    return list(sources.read("entity_questions", path, list(relations)))


def fault(path, relations=()):
    with pytest.raises(records.UserError) as caught:
        read(path, relations)
    return str(caught.value)


def test_zip_and_folder_hold_the_same_records(tmp_path):
    zipped = read(pack(layout(), tmp_path / "d.zip"))
    folder = unpack(layout(), tmp_path / "d")
    assert zipped == read(folder)
    bare = [row | {"file": f"dataset/{row['file']}", "subject": None} for row in read(folder / "dataset")]
    assert bare == [row | {"subject": None} for row in zipped]
    assert len(zipped) == 18


def test_a_record_says_where_it_comes_from_and_keeps_its_words(tmp_path):
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


def test_the_subject_is_what_a_template_of_the_relation_leaves_open(tmp_path):
    texts = {
        "Where was Ann born?": "Ann",
        "What is the birthplace of Bo?": "Bo",
        "Cy studied where?": None,  # another relation's template
        "Where was born?": None,
        "Where was  born?": None,
    }
    rows = json.dumps([{"question": text, "answers": ["Rome"]} for text in texts])
    path = pack(layout() | {"dataset/train/P19.train.json": rows}, tmp_path / "d.zip")
    found = {row["question"]: row["subject"] for row in read(path, ["P19"]) if row["split"] == "train"}
    assert found == texts


def test_a_byte_order_mark_does_no_harm(tmp_path):
    files = {name: f"\ufeff{text}" for name, text in layout().items()}
    assert read(pack(files, tmp_path / "marked.zip")) == read(pack(layout(), tmp_path / "plain.zip"))


def test_without_templates_no_subject_is_known(tmp_path):
    files = layout()
    del files["relation_query_templates.json"]
    assert {row["subject"] for row in read(pack(files, tmp_path / "d.zip"))} == {None}


def test_everything_beside_the_layout_is_left_out(tmp_path):
    rows = json.dumps([{"question": "Intruder?", "answers": ["x"]}])
    strangers = [
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
    path = pack(layout() | dict.fromkeys(strangers, rows), tmp_path / "d.zip")
    assert read(path) == read(pack(layout(), tmp_path / "clean.zip"))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["clean.zip", "d.zip"]


def test_relations_are_chosen_and_unknown_ones_named_with_the_nearest(tmp_path):
    path = pack(layout(), tmp_path / "d.zip")
    assert {row["relation"] for row in read(path, ["P69"])} == {"P69"}
    assert "did you mean P69" in fault(path, ["P19", "P696"])


def test_a_relation_without_one_of_its_splits_is_named_unless_not_wanted(tmp_path):
    files = layout()
    del files["dataset/dev/P69.dev.json"]
    path = pack(files, tmp_path / "d.zip")
    assert "P69.dev.json is missing" in fault(path)
    assert len(read(path, ["P19"])) == 9


def test_a_missing_path_or_one_without_the_layout_is_named(tmp_path):
    assert "no.zip: there is no such file" in fault(tmp_path / "no.zip")
    assert "holds no dataset/" in fault(pack({"README.md": "x"}, tmp_path / "other.zip"))
    assert "holds no dataset/" in fault(unpack({"README.md": "x"}, tmp_path / "folder"))


def test_every_truncation_of_an_archive_is_an_error(tmp_path):
    data = pack(layout(), tmp_path / "d.zip").read_bytes()
    for share in (0.0, 0.3, 0.7, 0.99):
        (tmp_path / "cut.zip").write_bytes(data[: int(share * len(data))])
        assert "cut.zip: not a whole, readable zip archive" in fault(tmp_path / "cut.zip")
    (tmp_path / "page.zip").write_text("<html>404</html>")
    assert "page.zip: not a whole" in fault(tmp_path / "page.zip")


def test_a_changed_byte_in_an_archive_is_an_error_that_names_the_member(tmp_path):
    path = pack(layout(), tmp_path / "d.zip")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("dataset/dev/P69.dev.json")
    data = bytearray(path.read_bytes())
    data[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 0xFF
    path.write_bytes(data)
    assert "d.zip:dataset/dev/P69.dev.json: not a whole" in fault(path)


NAME = "dataset/dev/P19.dev.json"


def test_broken_json_is_shown_with_its_line_and_column(tmp_path):
    text = '[\n {"question": "Where was Ann born?", "answers": ["Rome"]},\n {"question": "Bo? "answers": []}\n]'
    said = fault(pack(layout() | {NAME: text}, tmp_path / "d.zip"))
    assert f"{NAME}:3:21: broken JSON" in said and '"Bo? "answers"' in said
    assert f"{NAME}:2:" in fault(pack(layout() | {NAME: '[{"question":\n'}, tmp_path / "d.zip"))
    assert f"{NAME}:2: not UTF-8" in fault(pack(layout() | {NAME: b'[\n"caf\xe9"]'}, tmp_path / "d.zip"))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"question": "Why?"}, f"{NAME}: expected a list"),
        ([], f"{NAME}: an empty split"),
        (["Why?"], f"{NAME}: row 1: expected {{"),
        ([{"question": "Why?", "answers": ["x"]}, {"question": "Why?"}], f"{NAME}: row 2: expected {{"),
        ([{"question": 3, "answers": ["x"]}], f"{NAME}: row 1: question must be a text, got 3"),
        ([{"question": "Why?", "answers": "x"}], f"{NAME}: row 1: answers must be a list"),
        ([{"question": "Why?", "answers": ["x", 1.0]}], f"{NAME}: row 1: answers must be a list"),
        ([{"question": "Why?", "answers": ["\ud83d"]}], f"{NAME}: row 1: answers must be a list"),
    ],
)
def test_another_shape_is_named_with_file_and_row(tmp_path, rows, says):
    assert says in fault(pack(layout() | {NAME: json.dumps(rows)}, tmp_path / "d.zip"))


def test_broken_templates_are_named(tmp_path):
    for text in ("{", "[]", '{"P19": "Where?"}', '{"P19": 3}'):
        said = fault(pack(layout() | {"relation_query_templates.json": text}, tmp_path / "d.zip"))
        assert "relation_query_templates.json" in said


def test_an_unknown_source_is_named_with_the_nearest(tmp_path):
    with pytest.raises(records.UserError, match="entity_questions"):
        sources.read("entity_question", tmp_path, [])


def test_the_checksum_is_of_names_and_contents(tmp_path):
    folder = unpack(layout(), tmp_path / "d")
    first = sources.checksum(folder)
    (folder / ".hidden").write_text("x")
    assert sources.checksum(folder) == first == sources.checksum(unpack(layout(), tmp_path / "e"))
    (folder / NAME).write_text("[]")
    assert sources.checksum(folder) != first
    path = pack(layout(), tmp_path / "d.zip")
    assert sources.checksum(path) != sources.checksum(pack(layout(["P19"]), tmp_path / "f.zip"))


def test_the_entry_scripts_flatten_and_prepare(tmp_path):
    path = pack(layout(), tmp_path / "d.zip")
    out = tmp_path / "out"
    download_dataset.main(str(path), out / "r.jsonl", out / "s.json", "entity_questions", ["P19"])
    assert list(questions.read_jsonl(out / "r.jsonl")) == read(path, ["P19"])
    origin = json.loads((out / "s.json").read_text())
    assert origin["questions"] == {"P19": {"train": 3, "dev": 3, "test": 3}}
    assert origin["path"] == str(path) and origin["sha256"] == sources.checksum(path)
    prepare_questions.main(out / "r.jsonl", out / "q.parquet", out / "d.tsv", "any", [], {"train": 2}, 1)
    table = records.read_table(out / "q.parquet", records.QUESTIONS)
    assert table["split"].value_counts().to_dict() == {"dev": 3, "test": 3, "train": 2}
    assert {tuple(answers) for answers in table["answers"]} == {("NA", "1.0")}
    assert records.read_tsv(out / "d.tsv")["count"].sum() == 1


def test_a_broken_file_leaves_no_records_behind(tmp_path):
    path = pack(layout() | {"dataset/test/P69.test.json": "["}, tmp_path / "d.zip")
    (tmp_path / "out").mkdir()
    with pytest.raises(records.UserError):
        download_dataset.main(str(path), tmp_path / "out/r", tmp_path / "out/s", "entity_questions", [])
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(not REAL.exists(), reason="the real archive is not here (set ENTITY_QUESTIONS to its path)")
def test_the_real_archive_is_read_whole():
    found = list(sources.read("entity_questions", REAL, ["P26", "P800"]))
    assert {row["relation"] for row in found} == {"P26", "P800"}
    assert all(row["subject"] and row["subject"] in row["question"] for row in found)
    kept, dropped = questions.prepare(found, multiple_answers="drop", relations=[], limits={}, seed=1)
    assert len(kept) + dropped["count"].sum() == len(found) > 10000
    assert kept["id"].is_unique and set(kept["answers"].map(len)) == {1}
