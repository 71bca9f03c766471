"""The subjects of the report: one page each, with a figure, a table or both.

A new figure is a module in ``figures`` and an entry here; a table without a figure is a module in ``table_pages`` and
an entry. A module holds ``CAPTION``, how to read the page, and ``finding``, the numbers of the run in words; that of a
figure also holds ``draw``.

Standard library only: the rules import this module while Snakemake parses them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# conditions under which a subject exists
COMBINED = "combined"  # several runs are combined; subjects without this condition then do not exist
CATEGORY_RANKING = "category_ranking"  # evaluation.category_ranking names strategies
PRETRAINED = "pretrained"  # the base model is pretrained here, so that the exposure of each fact is known
RELABELED = "relabeled"  # a strategy has two stages or more, and questions are labeled again after each of them
REPLAY_SWEEP = "replay_sweep"  # strategies differ in their replay ratio alone


@dataclass(frozen=True)
class Subject:
    """A page of the report.

    Attributes:
        name: of the page, of its module, and of its figure and table.
        category: of the report, which sorts its categories by name.
        title: of the page.
        tables: which the figure is drawn from, in the order of its arguments; empty for a page without a figure.
        settings: that ``draw`` takes beyond the tables: confidence (coverage of intervals), sweep (replay ratios).
        has_table: whether a table has the same name.
        conditions: which must all be met for the subject to exist.
    """

    name: str
    category: str
    title: str
    tables: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    has_table: bool = True
    conditions: tuple[str, ...] = ()

    @property
    def has_figure(self) -> bool:
        """Return whether the subject is drawn."""
        return bool(self.tables)

    @property
    def module(self) -> str:
        """Return the module that describes the subject, below the package ``gradual_learning``."""
        return f"figures.{self.name}" if self.has_figure else f"report.table_pages.{self.name}"


_ACCURACY, _FORGETTING, _KNOWLEDGE = "2 Accuracy", "3 Forgetting", "4 Knowledge"  # the summary is in category 1
_GROUND_TRUTH, _TRAINING, _COST, _RUNS = "5 Ground truth", "6 Training", "7 Cost", "8 Several runs"
_INTERVALS = ("confidence",)
_LIST = [
    Subject("advice", _ACCURACY, "Choice of a strategy"),
    Subject(
        "tradeoff",
        _ACCURACY,
        "Accuracy against forgetting and cost",
        tables=("advice",),
        settings=_INTERVALS,
        has_table=False,
    ),
    Subject(
        "accuracy",
        _ACCURACY,
        "Accuracy by strategy and by category at base",
        tables=("accuracy",),
        settings=_INTERVALS,
    ),
    Subject("comparisons", _ACCURACY, "Strategies compared in pairs", tables=("comparisons",), settings=_INTERVALS),
    Subject("trained_answers", _ACCURACY, "Differences on questions with a trained answer"),
    Subject("relations", _ACCURACY, "Accuracy by relation"),
    Subject(
        "category_ranking",
        _ACCURACY,
        "Training sets ranked as in Gekhman et al. 2024",
        tables=("category_ranking",),
        settings=_INTERVALS,
        conditions=(CATEGORY_RANKING,),
    ),
    Subject("forgetting", _FORGETTING, "Forgetting by strategy", tables=("forgetting",), settings=_INTERVALS),
    Subject(
        "replay",
        _FORGETTING,
        "Accuracy and forgetting by replay ratio",
        tables=("accuracy", "forgetting"),
        settings=(*_INTERVALS, "sweep"),
        has_table=False,
        conditions=(REPLAY_SWEEP,),
    ),
    Subject(
        "knowledge_gain",
        _KNOWLEDGE,
        "Knowledge gained",
        tables=("knowledge_gain",),
        settings=_INTERVALS,
        conditions=(RELABELED,),
    ),
    Subject("never_learned", _KNOWLEDGE, "Trained questions that are never learned", tables=("never_learned",)),
    Subject("examples", _KNOWLEDGE, "Upgraded and forgotten questions", conditions=(RELABELED,)),
    Subject("categories", _KNOWLEDGE, "Category shares by stage", tables=("categories",)),
    Subject(
        "transitions",
        _KNOWLEDGE,
        "Transitions between categories",
        tables=("transitions",),
        conditions=(RELABELED,),
    ),
    Subject(
        "flow",
        _KNOWLEDGE,
        "Flow of questions between categories",
        tables=("transitions",),
        has_table=False,
        conditions=(RELABELED,),
    ),
    Subject(
        "exposure",
        _GROUND_TRUTH,
        "Categories by exposure in pretraining",
        tables=("exposure",),
        settings=_INTERVALS,
        conditions=(PRETRAINED,),
    ),
    Subject(
        "recall",
        _GROUND_TRUTH,
        "Recall by category",
        tables=("recall",),
        settings=_INTERVALS,
        conditions=(PRETRAINED,),
    ),
    Subject(
        "newly_known",
        _GROUND_TRUTH,
        "Newly known questions by exposure",
        tables=("newly_known",),
        conditions=(PRETRAINED, RELABELED),
    ),
    Subject(
        "sharing",
        _GROUND_TRUTH,
        "Entities shared with trained questions",
        tables=("sharing",),
        settings=_INTERVALS,
        conditions=(RELABELED,),
    ),
    Subject("learning_curves", _TRAINING, "Learning curves", tables=("learning_curves",)),
    Subject("training_data", _TRAINING, "Training data of each stage"),
    Subject("cost", _COST, "Generated answers and training steps by strategy", tables=("cost",)),
    Subject("time", _COST, "Run time and memory by strategy"),
    Subject("combined", _RUNS, "Effects over several runs", conditions=(COMBINED,)),
    *(
        Subject(f"combined_{name}", _RUNS, title, ("combined",), _INTERVALS, has_table=False, conditions=(COMBINED,))
        for name, title in {
            "accuracy": "Effects on accuracy, run by run",
            "forgetting": "Effects on forgetting, run by run",
            "knowledge_train": "Effects on knowledge of train questions, run by run",
            "knowledge_heldout": "Effects on knowledge of held-out questions, run by run",
        }.items()
    ),
]
SUBJECTS = {subject.name: subject for subject in _LIST}  # in the order of the report


def _existing(met: Mapping[str, bool]) -> Iterator[Subject]:
    """Yield the subjects of a run whose conditions are all met; a combination of runs has subjects of its own."""
    own = (subject for subject in _LIST if (COMBINED in subject.conditions) == met[COMBINED])
    return (subject for subject in own if all(met[condition] for condition in subject.conditions))


def figure_subjects(met: Mapping[str, bool]) -> list[str]:
    """List the subjects that a run draws, in the order of the report.

    Args:
        met: whether each condition (``CATEGORY_RANKING``, ``PRETRAINED``, ...) is met.
    """
    return [subject.name for subject in _existing(met) if subject.has_figure]


def table_subjects(met: Mapping[str, bool]) -> list[str]:
    """List the subjects that a run tabulates, in the order of the report; see :func:`figure_subjects`."""
    return [subject.name for subject in _existing(met) if subject.has_table]
