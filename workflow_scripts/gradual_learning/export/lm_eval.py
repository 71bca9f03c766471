"""Tasks of lm-evaluation-harness (lm-eval): the questions of a run, with its prompts and its answer rule.

The folder of the tasks is complete in itself and can be moved: it holds the modules that judge answers, so that the
environment of lm-eval needs nothing of this project.
"""

import inspect
from pathlib import Path
from types import ModuleType

import pandas as pd

from gradual_learning.data import prompts as prompting
from gradual_learning.jobs import errors
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.knowledge import matching, normalization
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.files import write_json_lines

JUDGES: tuple[ModuleType, ...] = (errors, matching, normalization)  # what the rule needs, standard library aside
TASK = """\
task: {name}
tag: gradual_learning
custom_dataset: !function utils.load
dataset_kwargs:
  file: {name}.jsonl
test_split: test
output_type: generate_until
num_fewshot: 0  # a prompt already has its exemplars
doc_to_text: prompt
doc_to_target: answers
process_results: !function utils.judge
generation_kwargs:
  until: ["\\n"]
  do_sample: false
  max_gen_toks: {max_new_tokens}
metric_list:
  - metric: accuracy
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1
"""
UTILS = '''\
"""Loads the questions of the tasks in this folder, and judges answers by the rule of the run."""

import sys
from pathlib import Path

import datasets

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from gradual_learning.knowledge.matching import AnswerMatcher  # noqa: E402

MATCHER = {matcher!r}


def load(file, **settings):
    """Load the questions of a task."""
    return datasets.load_dataset("json", data_files={{"test": str(FOLDER / file)}})


def judge(doc, results):
    """Return whether the first line of the output is an accepted answer."""
    answer = results[0].split("\\n", 1)[0].strip()
    return {{"accuracy": float(MATCHER.matches(answer, doc["answers"]))}}
'''


def few_shot(questions: pd.DataFrame, prompts: pd.DataFrame) -> pd.DataFrame:
    """Append every question to every exemplar set of its relation, as for the labels.

    Args:
        questions: columns of ``schemas.QUESTIONS``.
        prompts: columns of ``schemas.PROMPTS``, of one draw.

    Returns:
        The columns id, number (of the exemplar set), prompt and answers, one row per question and exemplar set.
    """
    exemplars = prompts[["relation", "prompt", "text"]].rename(columns={"prompt": "number"})
    rows = questions.merge(exemplars, on="relation", validate="many_to_many")
    rows["prompt"] = rows["text"] + rows["question"].map(prompting.few_shot_suffix)
    return rows[["id", "number", "prompt", "answers"]]


def zero_shot(questions: pd.DataFrame, template: str) -> pd.DataFrame:
    """Put every question into the prompt of fine-tuning: columns as in :func:`few_shot`, the number being 0."""
    rows = questions.assign(number=0, prompt=[prompting.zero_shot(text, template) for text in questions["question"]])
    return rows[["id", "number", "prompt", "answers"]]


def write_task(name: str, rows: pd.DataFrame, max_new_tokens: int, folder: Path) -> None:
    """Write a task: its questions (``<name>.jsonl``), and how lm-eval runs them (``<name>.yaml``).

    Args:
        name: of the task.
        rows: its questions, from :func:`few_shot` or :func:`zero_shot`.
        max_new_tokens: maximum length of an answer.
        folder: that also holds what :func:`write_judge` writes.
    """
    records = ({**row._asdict(), "answers": list(row.answers)} for row in rows.itertuples(index=False))
    write_json_lines(records, folder / f"{name}.jsonl")
    write_text(TASK.format(name=name, max_new_tokens=max_new_tokens), folder / f"{name}.yaml")


def write_judge(matcher: AnswerMatcher, folder: Path) -> None:
    """Write ``utils.py``, which all tasks of a folder use, and copy the modules that it needs.

    The packages get no ``__init__.py``: that of this project would keep lm-eval from downloading anything.
    """
    write_text(UTILS.format(matcher=matcher), folder / "utils.py")
    for module in JUDGES:
        write_text(inspect.getsource(module), folder / f"{module.__name__.replace('.', '/')}.py")
