"""Time several engines on the same questions: they run in turn, several rounds, and the table shows medians."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Protocol

import pandas as pd

from cases import Greedy


class Runner(Protocol):
    """An engine to time.

    Attributes:
        name: its name in the table.
        questions: how many questions of the case it answers, from the first on.
    """

    name: str
    questions: int

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions under every exemplar set; return the seconds taken and the greedy answers."""
        ...


def run(runners: Sequence[Runner], questions: pd.DataFrame, repeats: int) -> pd.DataFrame:
    """Run every engine once to warm up, then all in turn for ``repeats`` rounds.

    Args:
        runners: the engines; the first is the reference.
        questions: the questions of the case.
        repeats: timed rounds.

    Returns:
        One row per engine: name, number of questions, questions per second, how many times as fast the reference is,
        and the share of prompts with the same greedy answer as the reference.
    """
    for runner in runners:
        runner.run(questions.head(1))
    seconds: dict[str, list[float]] = {runner.name: [] for runner in runners}
    greedy: dict[str, Greedy] = {}
    for _ in range(repeats):
        for runner in runners:
            elapsed, greedy[runner.name] = runner.run(questions.head(runner.questions))
            seconds[runner.name].append(elapsed)
    return pd.DataFrame(_rows(runners, len(questions), seconds, greedy))


def _rows(
    runners: Sequence[Runner], available: int, seconds: dict[str, list[float]], greedy: dict[str, Greedy]
) -> Iterator[dict[str, object]]:
    speeds = {
        runner.name: min(runner.questions, available) / statistics.median(seconds[runner.name]) for runner in runners
    }
    first = runners[0].name
    for runner in runners:
        answers = greedy[runner.name]
        same = sum(text == greedy[first][key] for key, text in answers.items()) / len(answers)
        yield {
            "labeled by": runner.name,
            "questions": min(runner.questions, available),
            "questions/s": speeds[runner.name],
            f"speed of {first} relative to this": speeds[first] / speeds[runner.name],
            "same greedy answers (%)": 100 * same,
        }
