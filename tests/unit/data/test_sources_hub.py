import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gradual_learning.data.sources import registry
from gradual_learning.jobs.errors import UserError


def put(path, rows):
    """Write rows to a Parquet file in a folder that may not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def popqa(folder):
    folder.mkdir()
    rows = [
        ("1", "Ann", "occupation", "What is Ann's occupation?", ["actor", 'player of the "lead"', "1.0"]),
        ("2", "None", "capital", "What is the capital of None?", ["NA"]),
    ]
    lines = ["id\tsubj\tprop\tobj\tquestion\tpossible_answers"]
    for name, subject, relation, question, answers in rows:
        cell = json.dumps(answers).replace('"', '""')
        lines.append(f'{name}\t{subject}\t{relation}\tx\t{question}\t"{cell}"')
    (folder / "test.tsv").write_text("\n".join(lines) + "\n")
    (folder / "README.md").write_text("about")
    return folder


def test_popqa_has_relations_subjects_and_no_split(tmp_path):
    folder = popqa(tmp_path / "popqa")
    first, second = registry.read("popqa", folder)
    assert first == {
        "question": "What is Ann's occupation?",
        "answers": ["actor", 'player of the "lead"', "1.0"],
        "relation": "occupation",
        "subject": "Ann",
        "split": None,
        "source": "popqa",
        "file": "test.tsv",
        "row": 2,
    }
    assert (second["answers"], second["subject"]) == (["NA"], "None")
    assert list(registry.read("popqa", folder / "test.tsv")) == [first, second]


def test_popqa_answers_that_are_not_a_list_are_an_error(tmp_path):
    folder = popqa(tmp_path / "popqa")
    with (folder / "test.tsv").open("a") as file:
        file.write("3\tBo\tcapital\tx\tWhat?\tactor\n")
    with pytest.raises(UserError, match=r"test\.tsv:4: possible_answers must be a JSON list.*actor"):
        list(registry.read("popqa", folder))


def trivia(folder):
    def row(name, value, *aliases):
        return {
            "question": f"Who is {name}?",
            "question_id": name,
            "search_results": {"title": ["a"], "rank": [1]},
            "answer": {
                "value": value,
                "aliases": list(aliases),
                "normalized_aliases": ["x"],
                "type": "WikipediaEntity",
            },
        }

    put(folder / "rc.nocontext/train-00000-of-00002.parquet", [row("t0", "Ann", "A.", "Ann", "Annie")])
    put(folder / "rc.nocontext/train-00001-of-00002.parquet", [row("t1", "1.0")])
    put(folder / "rc.nocontext/validation-00000-of-00001.parquet", [row("v0", "Bo", "B")])
    put(folder / "rc.nocontext/test-00000-of-00001.parquet", [row("withheld", "<unk>")])
    put(folder / "unfiltered/train-00000-of-00001.parquet", [row("other", "Cy")])
    return folder


def test_trivia_qa_gives_the_answer_then_its_aliases_and_uses_validation_as_test(tmp_path):
    folder = trivia(tmp_path / "trivia_qa")
    found = list(registry.read("trivia_qa", folder))
    assert [(row["question"], row["answers"], row["split"]) for row in found] == [
        ("Who is t0?", ["Ann", "A.", "Annie"], "train"),
        ("Who is t1?", ["1.0"], "train"),
        ("Who is v0?", ["Bo", "B"], "test"),
    ]
    assert {row["relation"] for row in found} == {"trivia_qa"} and {row["subject"] for row in found} == {None}
    part = list(registry.read("trivia_qa", folder / "rc.nocontext"))
    assert [row | {"file": f"rc.nocontext/{row['file']}"} for row in part] == found


def test_trivia_qa_answers_of_an_unexpected_structure_are_an_error(tmp_path):
    put(tmp_path / "rc.nocontext/train.parquet", [{"question": "Who?", "answer": ["Ann"]}])
    with pytest.raises(UserError, match=r'train\.parquet:1: expected an answer with "value"'):
        list(registry.read("trivia_qa", tmp_path))


def test_nq_open_uses_validation_as_test(tmp_path):
    for name in ("train", "validation"):
        rows = [{"question": f"when was {name} {n}", "answer": ["14 December 1972 UTC", "1972."]} for n in range(2)]
        put(tmp_path / f"nq_open/{name}-00000-of-00001.parquet", rows)
    found = list(registry.read("nq_open", tmp_path))
    assert [row["split"] for row in found] == ["train", "train", "test", "test"]
    assert found[2]["answers"] == ["14 December 1972 UTC", "1972."] and found[3]["row"] == 2
    assert found[2]["file"] == "nq_open/validation-00000-of-00001.parquet"


def test_web_questions_keeps_train_and_test(tmp_path):
    for name in ("train", "test"):
        put(tmp_path / f"data/{name}-0.parquet", [{"url": "u", "question": f"who is {name}", "answers": ["A", "B"]}])
    found = list(registry.read("web_questions", tmp_path))
    assert {row["split"]: row["question"] for row in found} == {"train": "who is train", "test": "who is test"}
    assert found[0]["answers"] == ["A", "B"]


def wiki_qa(folder):
    for name, offset in (("train", 0), ("validation", 10), ("test", 20)):
        rows = [(0, "s0", 0), (0, "s1", 1), (1, "s2", 0), (2, "s3", 1), (0, "s4", 1)]
        table = [
            {
                "question_id": f"Q{offset + number}",
                "question": f"how is {name} {number}",
                "document_title": "T",
                "answer": f"Sentence {sentence} .",
                "label": label,
            }
            for number, sentence, label in rows
        ]
        put(folder / f"data/{name}-00000-of-00001.parquet", table)
    return folder


def test_wiki_qa_answers_are_the_correct_sentences_of_a_question(tmp_path):
    found = list(registry.read("wiki_qa", wiki_qa(tmp_path)))
    assert [(row["question"], row["answers"], row["row"]) for row in found if row["split"] == "dev"] == [
        ("how is validation 0", ["Sentence s1 .", "Sentence s4 ."], 2),
        ("how is validation 2", ["Sentence s3 ."], 4),
    ]
    assert [row["split"] for row in found] == ["test", "test", "train", "train", "dev", "dev"]


PHRASES = [
    "QuestionID\tQuestion\tDocumentID\tDocumentTitle\tSentenceID\tSentence\tAnswerPhrase1\tAnswerPhrase2\tAnswerPhrase3",
    'Q0\thow\tD\tT\tS1\tSentence "s1 .\t"s1\tNO_ANS\t',
    'Q0\thow\tD\tT\tS4\tSentence s4 .\ts4\t"s1\ts4',
    "Q2\thow\tD\tT\tS3\tSentence s3 .\tNO_ANS\tNO_ANS\tNO_ANS",
]


def test_wiki_qa_phrases_replace_the_sentences(tmp_path):
    folder = wiki_qa(tmp_path / "data set")
    (tmp_path / "phrases.tsv").write_text("\n".join(PHRASES) + "\n")
    found = {row["question"]: row["answers"] for row in registry.read("wiki_qa", folder, tmp_path / "phrases.tsv")}
    assert found["how is train 0"] == ['"s1', "s4"]
    assert found["how is train 2"] == found["how is test 0"] == []
    (tmp_path / "other.tsv").write_text("QuestionID\tAnswerPhrase\nQ0\tx\n")
    with pytest.raises(UserError, match=r"other\.tsv:2: there is no 'AnswerPhrase1'; did you mean AnswerPhrase"):
        list(registry.read("wiki_qa", folder, tmp_path / "other.tsv"))
    with pytest.raises(UserError, match=r"data\.answer_phrases belongs to data\.source wiki_qa"):
        registry.read("nq_open", folder, tmp_path / "phrases.tsv")


@pytest.mark.parametrize("source", ["popqa", "trivia_qa", "nq_open", "web_questions", "wiki_qa"])
def test_another_layout_is_an_error(tmp_path, source):
    with pytest.raises(UserError, match=r"no such file or folder; see data\.path"):
        list(registry.read(source, tmp_path / "none"))
    with pytest.raises(UserError, match="contains no file"):
        list(registry.read(source, tmp_path))
    put(tmp_path / "rc.nocontext/train-0.parquet", [{"questoin": "Who?"}])
    with pytest.raises(UserError, match=r"train-0\.parquet: there is no 'question"):
        list(registry.read(source, tmp_path))


def test_a_file_name_without_a_split_is_an_error(tmp_path):
    put(tmp_path / "questions.parquet", [{"question": "Who?", "answer": ["Ann"]}])
    with pytest.raises(UserError, match=r"the file name questions\.parquet contains no split"):
        list(registry.read("nq_open", tmp_path))


def test_files_of_the_hub_client_are_ignored(tmp_path):
    put(tmp_path / "nq_open/train-0.parquet", [{"question": "Who?", "answer": ["Ann"]}])
    put(tmp_path / ".cache/huggingface/download/train-0.parquet", [{"question": "Who?", "answer": ["Bo"]}])
    assert [row["answers"] for row in registry.read("nq_open", tmp_path)] == [["Ann"]]
