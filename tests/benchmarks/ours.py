"""The engine of this project in all the ways it labels.

``full`` draws every sample to its end, ``lazy`` until the first hit and only where no greedy answer is right, and
``pruned`` each while it can still become an accepted answer.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases import DECODING, SAMPLES, Case, Greedy
from gradual_learning import categories, labelling, likelihood, models, normalising
from gradual_learning.answers import Judge
from gradual_learning.encoding import Encoder
from gradual_learning.sampling import Engine

BATCH_TOKENS = 16_384
JUDGE = Judge("exact")


def engine(case: Case, dtype: str = "float32", budget: int = BATCH_TOKENS) -> Engine:
    """Load a case's model."""
    model = models.load_model(case.model, loading=models.Loading(dtype))
    return Engine(model, Encoder(models.load_tokenizer(case.model)), budget)


def labelled(own: Engine, case: Case, questions: pd.DataFrame, mode: str) -> Iterator[pd.DataFrame]:
    """Answer questions in a mode, in parts with the columns of ``records.ANSWERS``."""
    size = max(1, own.batch_tokens // labelling.TOKENS_A_QUESTION)
    may_become = normalising.may_become if mode == "pruned" else None
    return labelling.label(own, questions, case.prompts, DECODING, SAMPLES, mode == "lazy", size, may_become)


def label(own: Engine, case: Case, questions: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Answer questions in a mode; columns of ``records.ANSWERS``."""
    return pd.concat(labelled(own, case, questions, mode))


def differing(one: pd.DataFrame, other: pd.DataFrame, questions: pd.DataFrame) -> int:
    """Count the questions that two tables of answers sort differently."""
    first, second = (categories.categorize(answers, questions, JUDGE)["category"] for answers in (one, other))
    return int((first != second).sum())


def distinct(answers: pd.DataFrame) -> float:
    """Return how many of a prompt's answers, the greedy one and all samples, differ on average."""
    return float(np.mean([len({row.greedy, *row.samples}) for row in answers.itertuples()]))


@dataclass
class Ours:
    """Labels by answers, all or as few as will do."""

    engine: Engine
    case: Case
    mode: str
    questions: int

    @property
    def name(self) -> str:
        return self.mode

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Label questions."""
        start = time.perf_counter()
        table = label(self.engine, self.case, questions, self.mode)
        seconds = time.perf_counter() - start
        return seconds, {(row.id, row.prompt): row.greedy for row in table.itertuples()}


@dataclass
class Likelihood:
    """Labels by the chance of the accepted answers."""

    engine: Engine
    case: Case
    questions: int
    name: str = "likelihood"

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Score questions."""
        start = time.perf_counter()
        gold = dict(zip(questions["id"], questions["answers"], strict=True))
        scores = list(likelihood.score(self.engine, self.case.asked(questions), DECODING, gold))
        seconds = time.perf_counter() - start
        return seconds, {(one.prompt.id, one.prompt.number): one.greedy for one in scores}


def parameters(own: Engine) -> int:
    """Count the model's weights, tied ones once."""
    return sum(weight.numel() for weight in own.model.parameters())
