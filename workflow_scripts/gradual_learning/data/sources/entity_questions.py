"""EntityQuestions (Sciavolino et al. 2021) in its official layout, as a zip or an unpacked folder.

Questions are in ``dataset/{train,dev,test}/P*.{split}.json``, one file per relation and split, each a list of
``{"question": ..., "answers": [...]}``; the ``one-off`` folders and anything else are ignored. Records do not contain
the subject; it is the part of the question that fills the gap of a template in ``relation_query_templates.json``.
"""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gradual_learning.data.sources import archives
from gradual_learning.data.sources.record import Record
from gradual_learning.data.sources.texts import is_text, json_value, shown
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.schemas import SPLITS

TEMPLATES = "relation_query_templates.json"
LAYOUT = "dataset/{train,dev,test}/P*.{split}.json"

_MEMBER = re.compile(r"(?:dataset/)?(train|dev|test)/(P\w+)\.(train|dev|test)\.json")
_GAP = "[X]"
_IN_FOLDER = (TEMPLATES, "dataset/*/*", "*/*.json")

_log = logging.getLogger(__name__)

Files = dict[tuple[str, str], str]  # (relation, split) -> name of the file


def read(path: str | Path) -> Iterator[Record]:
    """Yield one record per question, by relation, then split, then row.

    The archive is read without unpacking it, and the checksum of each file is verified. The log names relations that
    lack a split.

    Args:
        path: the official zip, or a folder that is or contains ``dataset/``.

    Raises:
        UserError: the path is missing, or the archive is damaged; a file is not JSON (the message names line and
            column) or has an unexpected structure (the message names the row).
    """
    if not Path(path).exists():
        raise UserError(f"{path}: there is no such file or folder; set data.path to the EntityQuestions zip or folder.")
    with archives.opened(Path(path), _IN_FOLDER) as (names, load):
        files = _find(names, path)
        templates = _templates(names, load, path)
        for (relation, split), name in sorted(files.items(), key=lambda item: (item[0][0], SPLITS.index(item[0][1]))):
            rows = _rows(load(name), f"{path}:{name}")
            for number, row in enumerate(rows, start=1):
                question, answers = _question_and_answers(row, f"{path}:{name}: row {number}")
                yield Record(
                    question=question,
                    answers=answers,
                    relation=relation,
                    subject=_subject(question, templates.get(relation, [])),
                    split=split,
                    source="entity_questions",
                    file=name,
                    row=number,
                )


def _find(names: list[str], path: str | Path) -> Files:
    files: Files = {}
    for name in sorted(names):
        match = _MEMBER.fullmatch(name)
        if match and match[1] == match[3]:
            files.setdefault((match[2], match[1]), name)
    if not files:
        raise UserError(f"{path}: contains no {LAYOUT}; check that it is the EntityQuestions data set.")
    for relation in sorted({relation for relation, _ in files}):
        lacking = [split for split in SPLITS if (relation, split) not in files]
        if lacking:
            _log.warning("%s: relation %s has no file for %s", path, relation, ", ".join(lacking))
    return files


def _rows(content: bytes, place: str) -> list[Any]:
    rows = json_value(content, place)
    if not isinstance(rows, list):
        raise UserError(
            f'{place}: expected a list of {{"question": ..., "answers": [...]}}, got {type(rows).__name__}.'
        )
    if not rows:
        raise UserError(f"{place}: contains no questions. Download the data set again, or remove the file.")
    return rows


def _question_and_answers(row: object, place: str) -> tuple[str, list[str]]:
    if not isinstance(row, dict) or not {"question", "answers"} <= row.keys():
        raise UserError(f'{place}: expected {{"question": ..., "answers": [...]}}, got {shown(row)}.')
    question, answers = row["question"], row["answers"]
    if not is_text(question):
        raise UserError(f"{place}: question must be a text, got {shown(question)}.")
    if not isinstance(answers, list) or not all(map(is_text, answers)):
        raise UserError(f'{place}: answers must be a list of texts such as ["Paris"], got {shown(answers)}.')
    return question, answers


def _templates(names: list[str], load: Callable[[str], bytes], path: str | Path) -> dict[str, list[str]]:
    """Return the templates of each relation: the main one first, then variants such as ``P19_similar``."""
    if TEMPLATES not in names:
        return {}
    place = f"{path}:{TEMPLATES}"
    found = json_value(load(TEMPLATES), place)
    if not isinstance(found, dict) or not all(is_text(text) and text.count(_GAP) == 1 for text in found.values()):
        raise UserError(f'{place}: expected {{"P19": "Where was {_GAP} born?", ...}}, each text with one {_GAP}.')
    templates: dict[str, list[str]] = {}
    for name in sorted(found):
        templates.setdefault(name.split("_")[0], []).append(found[name])
    return templates


def _subject(question: str, templates: list[str]) -> str | None:
    for template in templates:
        before, after = template.split(_GAP)
        subject = question[len(before) : len(question) - len(after)].strip()
        if subject and question.startswith(before) and question.endswith(after):
            return subject
    return None
