"""The terms in which an experiment is planned: what there is to do, how fast the machine is, what a rule comes to."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from gradual_learning import selection

DISTINCT = 1 / 3  # of the samples of a prompt, the distinct rows that they take under a real model


@dataclass(frozen=True)
class Amount:
    """A quantity as expected and at most."""

    expected: float = 0.0
    at_most: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.expected + other.expected, self.at_most + other.at_most)

    def __mul__(self, other: "Amount | float") -> "Amount":
        other = other if isinstance(other, Amount) else exactly(other)
        return Amount(self.expected * other.expected, self.at_most * other.at_most)


def exactly(number: float) -> Amount:
    """Return an amount that is known."""
    return Amount(number, number)


def total(amounts: Iterable[Amount]) -> Amount:
    """Add amounts up."""
    return sum(amounts, Amount())


@dataclass(frozen=True)
class StagePlan:
    """What a stage selects and how long it trains."""

    selects: selection.Stage
    size_of: selection.Stage | None
    steps_as: str | None
    method: str
    batch_size: int
    max_epochs: int
    patience: int

    @classmethod
    def from_config(cls, spec: dict) -> "StagePlan":
        """Read a stage with all its settings filled in."""
        selects = selection.Stage.from_config(spec["selects"])
        size_of = selection.Stage.from_config(spec["size_of"]) if spec["size_of"] else None
        return cls(**spec | {"selects": selects, "size_of": size_of})


@dataclass(frozen=True)
class Experiment:
    """The part of the configuration that decides how much there is to do; checkpoints are named as their folders."""

    stages: dict[str, StagePlan]
    estimator: str
    mode: str
    exemplar_sets: int
    samples: int
    max_new_tokens: int
    trained: list[str]
    labelled: list[str]
    finals: list[str]
    retest: bool
    probe_questions: int
    shards: int
    data_jobs: int
    outcomes: int  # tables, figures and what is written about them, each a job


@dataclass(frozen=True)
class Lengths:
    """Mean tokens of what is read and written, under the tokenizer of the model."""

    examples: float  # the solved questions of a few-shot prompt
    question: float  # the question behind them
    zero_shot: float  # the prompt of fine-tuning
    answer: float  # an accepted answer with the token that ends it
    statement: float  # an unfinished statement of a fact


@dataclass(frozen=True)
class Sizes:
    """What the model is made of, and how far it is pretrained here: 0 for a model from elsewhere."""

    parameters: int
    trainable: dict[str, int]  # weights that a method of training changes
    fetched_bytes: int  # that the model takes on the disk: 0 where it is linked to
    facts: int
    pretraining_tokens: int
    pretraining_steps: int


@dataclass(frozen=True)
class Pace:
    """Seconds on the machine at hand."""

    start: float  # of a process that loads the model
    greedy: Amount  # a few-shot prompt answered greedily
    sampled: Amount  # all samples of a few-shot prompt
    zero_shot: Amount  # a prompt of fine-tuning answered greedily
    trained: dict[str, float]  # one question once, by method
    pretraining_step: float


@dataclass(frozen=True)
class Work:
    """What the jobs of one rule come to."""

    rule: str
    jobs: int
    generations: Amount = Amount()
    tokens_read: Amount = Amount()
    tokens_written: Amount = Amount()
    training_steps: Amount = Amount()
    disk_bytes: Amount = Amount()
    seconds: Amount = Amount()
    runs_model: bool = True


AMOUNTS = [field.name for field in fields(Work) if field.type is Amount]


def summed(work: list[Work]) -> Work:
    """Add up what all rules come to."""
    amounts = {name: total(getattr(part, name) for part in work) for name in AMOUNTS}
    return Work("all", sum(part.jobs for part in work), **amounts)
