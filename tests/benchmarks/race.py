"""A race: everyone answers in turn, several times over, and what the table says is the median."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Protocol

import pandas as pd

from cases import Greedy


class Runner(Protocol):
    """Whoever takes part.

    Attributes:
        name: in the table.
        questions: how many of the case's questions are put to this one, the first of them.
    """

    name: str
    questions: int

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions under every exemplar set; return the seconds it took and the greedy answers."""
        ...


def run(runners: Sequence[Runner], questions: pd.DataFrame, repeats: int) -> pd.DataFrame:
    """Let everyone run once to get warm, then ``repeats`` times in turn.

    Args:
        runners: the first is the one that the others are compared with.
        questions: of the case.
        repeats: rounds that count.

    Returns:
        One row a runner: its name, how many questions it answers and how many a second, how many times as fast the
        first runner is, and of how many prompts it gives the first one's greedy answer.
    """
    for runner in runners:
        runner.run(questions.head(1))
    seconds: dict[str, list[float]] = {runner.name: [] for runner in runners}
    greedy: dict[str, Greedy] = {}
    for _ in range(repeats):
        for runner in runners:
            took, greedy[runner.name] = runner.run(questions.head(runner.questions))
            seconds[runner.name].append(took)
    return pd.DataFrame(_rows(runners, len(questions), seconds, greedy))


def _rows(
    runners: Sequence[Runner], most: int, seconds: dict[str, list[float]], greedy: dict[str, Greedy]
) -> Iterator[dict[str, object]]:
    speeds = {one.name: min(one.questions, most) / statistics.median(seconds[one.name]) for one in runners}
    first = runners[0].name
    for runner in runners:
        given = greedy[runner.name]
        same = sum(text == greedy[first][key] for key, text in given.items()) / len(given)
        yield {
            "labelled by": runner.name,
            "questions": min(runner.questions, most),
            "questions/s": speeds[runner.name],
            f"{first} is so many times as fast": speeds[first] / speeds[runner.name],
            "same greedy answers (%)": 100 * same,
        }
