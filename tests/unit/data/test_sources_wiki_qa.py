"""The original WikiQA corpus: its files in a zip or a folder, compared with the files of the hub."""

import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from file_trees import pack, unpack
from gradual_learning.data.sources import registry
from gradual_learning.jobs.errors import UserError

HEADER = "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tLabel"
PHRASE_HEADER = HEADER.replace("Label", "AnswerPhrase1\tAnswerPhrase2\tAnswerPhrase3")
ROWS = {  # of each split: question, its sentences, and the label of each
    "train": [
        ("Q1", "what  is a ketch", [('A "ketch" is a boat with two masts .', 1), ("It was built in 1620.", 0)]),
        ("Q2", "who built it", [("Nobody knows .", 0)]),
        ("Q10", "how high is Mt. Zoë", [("Mt. Zoë is 1.0 km high", 1), ('"Mt. Zoë, 1000 m .', 1)]),
    ],
    "dev": [("Q3", '"who is Ann', [("Ann (born 1970) is a potter .", 1)])],
    "test": [("Q4", "where is Lake Bo", [("NA .", 0), ("Lake Bo lies in the north .", 1)])],
}
PHRASES = [
    ("Q1", "", '"ketch" is a boat with two masts', "boat with two masts"),
    ("Q10", "", "1.0 km", "1.0 km "),
    ("Q10", "", '"Mt. Zoë, 1000 m', "NO_ANS"),
    ("Q3", "NO_ANS", "NO_ANS", "NO_ANS"),
    ("Q4", "north", "in the north", "north"),
]
PHRASES_NAME = "WikiQACorpus/WikiQASent.pos.ans.tsv"
TRAIN = "WikiQACorpus/WikiQA-train.tsv"


def sentences(split):
    for identifier, question, answers in ROWS[split]:
        for number, (sentence, label) in enumerate(answers):
            yield identifier, question, number, sentence, label


def corpus(phrases=True):
    """Return the files of a corpus by name; lines of the file of phrases end as on Windows, as published."""
    files = {
        "WikiQACorpus/README.txt": "about",
        "WikiQACorpus/WikiQA.tsv": "all rows",
        "WikiQACorpus/eval.py": "exit()",
    }
    for split in ROWS:
        rows = [f"{i}\t{q}\tD{i}\tTitle\tD{i}-{n}\t{s}\t{label}" for i, q, n, s, label in sentences(split)]
        files[f"WikiQACorpus/WikiQA-{split}.tsv"] = "\n".join([HEADER, *rows]) + "\n"
    if phrases:
        rows = [f"{i}\tq\tD\tT\tS\ta sentence\t{a}\t{b}\t{c}" for i, a, b, c in PHRASES]
        files[PHRASES_NAME] = "\r\n".join([PHRASE_HEADER, *rows]) + "\r\n"
    return files


def hub_copy(folder):
    """Write the same rows as the files of the hub, with its columns and types."""
    for split in ROWS:
        rows = [
            {"question_id": i, "question": q, "document_title": "Title", "answer": s, "label": label}
            for i, q, _, s, label in sentences(split)
        ]
        name = f"{'validation' if split == 'dev' else split}-00000-of-00001.parquet"
        folder.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
    return folder


def read(path, phrases=None):
    return list(registry.read("wiki_qa", path, phrases))


def contents(records):
    """Return records without their file, with numbers of rows that do not count a header."""
    header = records[0]["file"].endswith(".tsv")
    return [{**record, "file": None, "row": record["row"] - header} for record in records]


def fault(files, tmp_path):
    with pytest.raises(UserError) as caught:
        read(pack(files, tmp_path / "broken.zip"))
    return str(caught.value)


def test_the_corpus_and_the_files_of_the_hub_give_the_same_records(tmp_path):
    expected = contents(read(hub_copy(tmp_path / "hub")))
    bare = corpus(phrases=False)
    assert contents(read(pack(bare, tmp_path / "d.zip"))) == expected
    assert contents(read(unpack(bare, tmp_path / "d"))) == expected
    windows = {name: text.replace("\n", "\r\n") for name, text in bare.items()}
    assert contents(read(pack(windows, tmp_path / "windows.zip"))) == expected
    assert [record["question"] for record in expected if record["split"] == "train"] == [
        "what  is a ketch",
        "how high is Mt. Zoë",
    ]
    assert expected[2]["answers"] == ["Mt. Zoë is 1.0 km high", '"Mt. Zoë, 1000 m .']


def test_the_phrases_of_the_corpus_are_found(tmp_path):
    (tmp_path / "phrases.tsv").write_bytes(corpus()[PHRASES_NAME].encode())
    expected = contents(read(hub_copy(tmp_path / "hub"), tmp_path / "phrases.tsv"))
    zipped = read(pack(corpus(), tmp_path / "d.zip"))
    assert contents(zipped) == expected
    assert contents(read(unpack(corpus(), tmp_path / "d") / "WikiQACorpus")) == expected
    assert {record["question"]: record["answers"] for record in zipped} == {
        "where is Lake Bo": ["north", "in the north"],
        "what  is a ketch": ['"ketch" is a boat with two masts', "boat with two masts"],
        "how high is Mt. Zoë": ["1.0 km", '"Mt. Zoë, 1000 m'],
        '"who is Ann': [],
    }
    assert (zipped[2]["file"], zipped[2]["row"], zipped[2]["split"]) == (TRAIN, 5, "train")


def test_configured_phrases_replace_those_of_the_corpus(tmp_path):
    (tmp_path / "own.tsv").write_text(f"{PHRASE_HEADER}\nQ3\tq\tD\tT\tS\ts\ta potter\t\t\n")
    answers = [record["answers"] for record in read(pack(corpus(), tmp_path / "d.zip"), tmp_path / "own.tsv")]
    assert [texts for texts in answers if texts] == [["a potter"]]


def test_other_members_are_not_read_and_nothing_is_written(tmp_path):
    others = [
        f"../{TRAIN}",
        f"/{TRAIN}",
        f"WikiQACorpus/../{TRAIN}",
        "__MACOSX/WikiQACorpus/._WikiQA-train.tsv",
        f"__MACOSX/{TRAIN}",
        f".backup/{TRAIN}",
        "WikiQACorpus/WikiQA-train.tsv.bak",
        "WikiQACorpus/WikiQA-train.txt",
        "WikiQACorpus/old-WikiQA-train.tsv",
    ]
    path = pack(corpus() | dict.fromkeys(others, "not a table"), tmp_path / "d.zip")
    assert read(path) == read(pack(corpus(), tmp_path / "clean.zip"))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["clean.zip", "d.zip"]


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    (tmp_path / "secret.tsv").write_text(corpus()[TRAIN])
    files = corpus()
    del files[TRAIN]
    path = pack(files, tmp_path / "d.zip")
    link = zipfile.ZipInfo(TRAIN)
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, str(tmp_path / "secret.tsv"))
    with pytest.raises(UserError, match=r"d\.zip:WikiQACorpus/WikiQA-train\.tsv: contains no rows"):
        read(path)


def test_files_that_lack_or_repeat_a_split_are_an_error(tmp_path):
    files = corpus()
    del files["WikiQACorpus/WikiQA-dev.tsv"]
    assert "broken.zip: there is no WikiQA-dev.tsv" in fault(files, tmp_path)
    assert f"contains two files WikiQA-train.tsv, {TRAIN} and copy/{TRAIN}" in fault(
        corpus() | {f"copy/{TRAIN}": "x"}, tmp_path
    )
    with pytest.raises(UserError, match=r"WikiQA-dev\.tsv: one split alone; set data\.path to the folder"):
        read(unpack(corpus(), tmp_path / "d") / "WikiQACorpus/WikiQA-dev.tsv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Q1\thow\tD\tT\tS\tone .\t1\nQ1\thow\tD\tT\tS\ttwo .\t1\n", ":1: there is no 'QuestionID'"),
        (HEADER.replace("Sentence\t", "Text\t") + "\nQ1\thow\tD\tT\tS\ts .\t1\n", ":1: there is no 'Sentence'"),
        (f"{HEADER}\nQ1\thow\tD\tT\tS\ts .\t1\nQ1\thow\tD\tT\n", ":3: 4 cells, but the first line names 7 columns"),
        (f"{HEADER}\nQ1\thow\tD\tT\tS\ts .\tyes\n", ':2: Label must be 0 or 1, got "yes"'),
        (f"{HEADER}\nQ1\thow\tD\tT\tS\ts\r.\t1\n", ":2: 6 cells"),
        (b"Q1\tcaf\xe9\n", ":1: not UTF-8 text"),
        ("", ": is empty"),
        (f"{HEADER}\n", ": contains no rows"),
    ],
)
def test_a_broken_file_is_an_error_with_file_and_line(tmp_path, text, message):
    assert f"broken.zip:{TRAIN}{message}" in fault(corpus() | {TRAIN: text}, tmp_path)


def test_a_broken_file_of_phrases_is_an_error(tmp_path):
    text = f"{PHRASE_HEADER}\nQ1\thow\tD\tT\tS\ts\tphrase\n"
    assert f"broken.zip:{PHRASES_NAME}:2: 7 cells" in fault(corpus() | {PHRASES_NAME: text}, tmp_path)


def test_a_damaged_archive_is_an_error(tmp_path):
    data = pack(corpus(), tmp_path / "d.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"cut\.zip: not a readable zip archive"):
        read(tmp_path / "cut.zip")


def test_a_folder_or_zip_without_the_corpus_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"contains no file \*\.parquet or WikiQA-\{train,dev,test\}\.tsv"):
        read(unpack({"WikiQA.tsv": HEADER}, tmp_path / "d"))
    with pytest.raises(UserError, match=r"other\.zip: contains no WikiQA-\{train,dev,test\}\.tsv"):
        read(pack({"README.md": "x"}, tmp_path / "other.zip"))
