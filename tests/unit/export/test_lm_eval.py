"""Tasks of lm-eval: the prompts of the labels, and the answer rule of the run in a folder of its own."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from gradual_learning.export import lm_eval
from gradual_learning.knowledge import labeling
from gradual_learning.knowledge.matching import AnswerMatcher

JUDGE = """
import json, os, sys
import utils
rows = [json.loads(line) for line in open("task.jsonl", encoding="utf-8")]
assert [dict(row) for row in utils.load("task.jsonl", version=1)["test"]] == rows
assert utils.sys.modules["gradual_learning.knowledge.matching"].__file__.startswith(os.getcwd())
assert "HF_HUB_OFFLINE" not in os.environ, "lm-eval could download nothing any more"
print(json.dumps([utils.judge(row, [text])["accuracy"] for row, text in zip(rows, json.loads(sys.argv[1]))]))
"""


@pytest.fixture(scope="module")
def questions(tiny_world):
    return tiny_world.questions[tiny_world.questions["split"] == "test"]


def test_few_shot_prompts_are_those_of_the_labels(tiny_world, questions):
    draw = tiny_world.prompts[tiny_world.prompts["draw"] == 0]
    rows = lm_eval.few_shot(questions, draw)
    expected = {(prompt.id, prompt.number): prompt.text for prompt in labeling.few_shot_prompts(questions, draw)}
    assert {(row.id, row.number): row.prompt for row in rows.itertuples()} == expected
    assert len(rows) == len(expected) == 3 * len(questions)
    answers = questions.set_index("id")["answers"]
    assert all(list(row.answers) == list(answers[row.id]) for row in rows.itertuples())


def test_zero_shot_prompts_are_those_of_fine_tuning(questions):
    rows = lm_eval.zero_shot(questions, "{x} Q: {question}\nA:")
    assert rows["prompt"].tolist() == [f"{{x}} Q: {text}\nA:" for text in questions["question"]]
    assert rows["id"].tolist() == questions["id"].tolist() and set(rows["number"]) == {0}


class Loader(yaml.SafeLoader):
    """Reads the names of functions as texts."""


Loader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


def test_a_task_stops_where_the_run_does(questions, tmp_path):
    lm_eval.write_task("task", lm_eval.zero_shot(questions, "{question}"), 7, tmp_path)
    task = yaml.load((tmp_path / "task.yaml").read_text(), Loader)
    assert task["task"] == "task" and task["dataset_kwargs"] == {"file": "task.jsonl"} and task["num_fewshot"] == 0
    assert task["generation_kwargs"] == {"until": ["\n"], "do_sample": False, "max_gen_toks": 7}


@pytest.mark.parametrize(
    ("match", "correct"), [("exact", [1, 1, 0, 0]), ("contains", [1, 1, 1, 0]), ("f1", [1, 1, 1, 0])]
)
def test_a_moved_folder_judges_like_the_run(questions, tmp_path, match, correct):
    rows = lm_eval.zero_shot(questions.head(4), "{question}")
    matcher = AnswerMatcher(match, 0.4)
    lm_eval.write_judge(matcher, tmp_path / "made")
    lm_eval.write_task("task", rows, 7, tmp_path / "made")
    shutil.move(tmp_path / "made", tmp_path / "moved")
    gold = [row.answers[0] for row in rows.itertuples()]
    texts = [f" {gold[0]}\nQ: And", f"The {gold[1].upper()}.", f"it is {gold[2]}", "\n" + gold[3]]
    command, environment = [sys.executable, "-c", JUDGE, json.dumps(texts)], {"HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=tmp_path / "moved", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == correct
    lines = [text.split("\n")[0].strip() for text in texts]
    assert correct == [
        matcher.matches(line, list(row.answers)) for line, row in zip(lines, rows.itertuples(), strict=True)
    ]
