"""The registry of subjects agrees with the modules that describe them."""

import ast
import importlib
import inspect
import sys
from pathlib import Path

import pytest

from gradual_learning import figures
from gradual_learning.evaluation import tables
from gradual_learning.report import subjects, table_pages
from gradual_learning.report.subjects import SUBJECTS, figure_subjects, table_subjects

ALL_MET = {"combined": False, "category_ranking": True, "pretrained": True, "relabeled": True, "replay_sweep": True}
COMBINED = [name for name, subject in SUBJECTS.items() if "combined" in subject.conditions]
NONE_MET = dict.fromkeys(ALL_MET, False)
SETTINGS = {"confidence", "sweep"}


def modules(package):
    names = {path.stem for path in Path(package.__path__[0]).glob("*.py")} - {"__init__", "style"}
    return {name for name in names if not name.startswith("shared_")}


def test_every_module_has_an_entry_and_every_entry_a_module():
    assert modules(figures) == {name for name, subject in SUBJECTS.items() if subject.has_figure}
    assert modules(table_pages) == {name for name, subject in SUBJECTS.items() if not subject.has_figure}
    own_rules = {"comparisons", "combined"}
    assert modules(tables) == {name for name, subject in SUBJECTS.items() if subject.has_table} - own_rules
    assert all(subject.has_figure or subject.has_table for subject in SUBJECTS.values())


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_module_describes_its_subject(subject):
    module = importlib.import_module(f"gradual_learning.{subject.module}")
    caption = module.CAPTION.format(percent=90)
    assert caption.endswith(".") and not {"{", "}"} & set(caption)
    assert list(inspect.signature(module.finding).parameters) == ["tables"]
    assert hasattr(module, "draw") == subject.has_figure


@pytest.mark.parametrize("subject", [subject for subject in SUBJECTS.values() if subject.has_figure], ids=str)
def test_a_figure_takes_the_tables_and_settings_of_its_entry(subject):
    module = importlib.import_module(f"gradual_learning.{subject.module}")
    parameters = list(inspect.signature(module.draw).parameters)
    assert tuple(parameters[len(subject.tables) :]) == subject.settings
    assert set(subject.settings) <= SETTINGS
    with_table = [name for name, other in SUBJECTS.items() if other.has_table]
    assert set(subject.tables) <= set(with_table)


def test_captions_state_the_coverage_of_intervals():
    caption = importlib.import_module("gradual_learning.figures.accuracy").CAPTION
    assert "Intervals cover 97.5 %" in caption.format(percent=97.5)


def test_conditions_decide_which_subjects_exist():
    always_drawn = ["tradeoff", "accuracy", "comparisons", "forgetting", "never_learned", "categories"]
    always_drawn += ["learning_curves", "cost"]
    always_tabulated = [
        "advice",
        "accuracy",
        "comparisons",
        "trained_answers",
        "relations",
        "forgetting",
        "never_learned",
    ]
    always_tabulated += ["categories", "learning_curves"]
    assert figure_subjects(NONE_MET) == always_drawn
    assert table_subjects(NONE_MET) == [*always_tabulated, "training_data", "cost", "time"]
    own = {name: subject for name, subject in SUBJECTS.items() if name not in COMBINED}
    assert figure_subjects(ALL_MET) == [name for name, subject in own.items() if subject.has_figure]
    assert table_subjects(ALL_MET) == [name for name, subject in own.items() if subject.has_table]


def test_a_combination_of_runs_has_subjects_of_its_own():
    combined = ALL_MET | {"combined": True}
    assert [*table_subjects(combined), *figure_subjects(combined)] == COMBINED and len(COMBINED) == 5


@pytest.mark.parametrize(
    ("met", "figures", "tables"),
    [
        ("category_ranking", {"category_ranking"}, {"category_ranking"}),
        ("replay_sweep", {"replay"}, set()),
        ("pretrained", {"exposure", "recall"}, {"exposure", "recall"}),
        (
            "relabeled",
            {"knowledge_gain", "transitions", "flow", "sharing"},
            {"knowledge_gain", "transitions", "sharing", "examples"},
        ),
    ],
)
def test_a_condition_adds_subjects(met, figures, tables):
    conditions = NONE_MET | {met: True}
    assert set(figure_subjects(conditions)) - set(figure_subjects(NONE_MET)) == figures
    assert set(table_subjects(conditions)) - set(table_subjects(NONE_MET)) == tables


def test_some_subjects_need_two_conditions():
    assert "newly_known" in figure_subjects(NONE_MET | {"pretrained": True, "relabeled": True})
    assert "newly_known" not in figure_subjects(ALL_MET | {"relabeled": False})
    assert "newly_known" not in table_subjects(ALL_MET | {"pretrained": False})


def test_titles_are_distinct_and_categories_in_order():
    titles = [subject.title for subject in SUBJECTS.values()]
    assert len(set(titles)) == len(titles)
    categories = [subject.category for subject in SUBJECTS.values()]
    assert categories == sorted(categories)


def test_the_registry_imports_the_standard_library_only():
    tree = ast.parse(Path(subjects.__file__).read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert imported and all(name.partition(".")[0] in sys.stdlib_module_names for name in imported)
