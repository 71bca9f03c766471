"""The engine of this project, in all of its modes.

``full`` draws every sample to its end. ``lazy`` draws samples only where no greedy answer is correct, until the first
correct sample. ``pruned`` continues each sample only while it can still match an accepted answer.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases import DECODING, SAMPLES, Case, Greedy
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge import likelihood, sampling, shards, slick
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder

BATCH_TOKENS = 16_384
MATCHER = AnswerMatcher("exact")


def engine(case: Case, dtype: str = "float32") -> Engine:
    """Return an engine with the model of a case."""
    model = load_model(case.model, loading=Loading(dtype))
    return Engine(model, Encoder(load_tokenizer(case.model)), BATCH_TOKENS)


def label_in_chunks(
    own: Engine, case: Case, questions: pd.DataFrame, mode: str, chunk_size: int | None = None
) -> Iterator[pd.DataFrame]:
    """Answer questions in a mode, in chunks of the default size or another; columns of ``schemas.ANSWERS``."""
    chunk_size = chunk_size or shards.default_chunk_size(str(case.model))
    options = {"decoding": DECODING, "samples": SAMPLES, "sampling": mode}
    for chunk in shards.chunks(questions, chunk_size):
        yield sampling.sample_answers(own, chunk, case.prompts, **options)


def label(own: Engine, case: Case, questions: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Answer questions in a mode; columns of ``schemas.ANSWERS``."""
    return pd.concat(label_in_chunks(own, case, questions, mode))


def count_different_labels(one: pd.DataFrame, other: pd.DataFrame, questions: pd.DataFrame) -> int:
    """Count the questions whose category differs between two tables of answers."""
    first, second = (slick.categorize(answers, questions, MATCHER)["category"] for answers in (one, other))
    return int((first != second).sum())


def mean_distinct_answers(answers: pd.DataFrame) -> float:
    """Return the mean number of distinct answers of a prompt, the greedy answer included."""
    return float(np.mean([len({row.greedy, *row.samples}) for row in answers.itertuples()]))


@dataclass
class NativeEngine:
    """Labels with sampled answers, in one of the modes."""

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
    """Labels with the probabilities of the accepted answers."""

    engine: Engine
    case: Case
    questions: int
    name: str = "likelihood"

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Score questions."""
        start = time.perf_counter()
        gold = dict(zip(questions["id"], questions["answers"], strict=True))
        scores = list(likelihood.score(self.engine, self.case.few_shot_prompts(questions), DECODING, gold))
        seconds = time.perf_counter() - start
        return seconds, {(one.prompt.id, one.prompt.number): one.greedy for one in scores}


def parameters(own: Engine) -> int:
    """Count the parameters of the model; tied weights count once."""
    return sum(weight.numel() for weight in own.model.parameters())
