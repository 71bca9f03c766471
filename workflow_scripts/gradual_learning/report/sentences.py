"""Words for numbers: what an interval says of a difference, and how shares and differences are written.

A sentence says no more than its numbers do. A difference is called one only where its interval leaves out zero, also
after the correction for many comparisons. Where it does not, the interval may still rule out a gain of the published
size; where it does not do that either, the minimum detectable effect tells whether the design was too small to see one.
"""

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from gradual_learning.measures.runs import BASE

EFFECT = 0.01  # the published gain of a second stage, about one point (reviews of Li et al. 2024)


class Verdict(StrEnum):
    """What a difference says, as the words that stand before the baseline."""

    BETTER = "Better than {}"
    WORSE = "Worse than {}"
    BETTER_ALONE = "Better than {} taken alone, but not once all comparisons are corrected for"
    WORSE_ALONE = "Worse than {} taken alone, but not once all comparisons are corrected for"
    NONE = "Not told from {}, and a gain of one point lies outside the interval"
    TOO_SMALL = "Not told from {} by a design that does not resolve one point there"
    NOT_TOLD = "Not told from {}"
    ALIKE = "No difference from {} at all"
    EMPTY = "Not comparable with {}, for want of questions"


class Difference(NamedTuple):
    """A difference of shares with its interval, and where known: the least detectable one, the corrected p."""

    value: float
    low: float
    high: float
    mde: float = math.nan
    adjusted_p: float = math.nan

    def verdict(self, confidence: float) -> Verdict:
        """Tell what the numbers carry at this coverage of the interval; a bound at zero does not leave zero out."""
        if math.isnan(self.value):
            return Verdict.EMPTY
        if self.value == self.low == self.high == 0:
            return Verdict.ALIKE
        alone = self.adjusted_p > 1 - confidence
        if self.low > 0:
            return Verdict.BETTER_ALONE if alone else Verdict.BETTER
        if self.high < 0:
            return Verdict.WORSE_ALONE if alone else Verdict.WORSE
        if self.high < EFFECT:
            return Verdict.NONE
        return Verdict.TOO_SMALL if self.mde > EFFECT else Verdict.NOT_TOLD

    def words(self) -> str:
        """Write the numbers that the verdict rests on, in points."""
        if math.isnan(self.value):
            return ""
        told = f" {points(self.value)} {interval(self.low, self.high)}"
        if self.low <= 0 <= self.high:
            return told if math.isnan(self.mde) else f"{told} (detectable: {100 * self.mde:.1f})"
        return told if math.isnan(self.adjusted_p) else f"{told} (p = {self.adjusted_p:.2g})"


def compared(pairs: Iterable[tuple[str, str, Difference]], confidence: float) -> list[str]:
    """Say how strategies stand to their baselines, one sentence for each baseline and verdict.

    Args:
        pairs: (baseline, strategy, difference of the strategy's share minus the baseline's; more is better).
        confidence: coverage of the intervals.
    """
    groups: dict[tuple[str, Verdict], list[str]] = {}
    for baseline, strategy, difference in pairs:
        key = baseline, difference.verdict(confidence)
        groups.setdefault(key, []).append(f"{code(strategy)}{difference.words()}")
    return [f"{verdict.format(code(baseline))}: {', '.join(items)}." for (baseline, verdict), items in groups.items()]


def status(verdicts: Sequence[Verdict]) -> str:
    """Say whether the comparisons made for a claim, that something is better, bear it out."""
    made = [verdict for verdict in verdicts if verdict is not Verdict.EMPTY]
    if not made:
        return "not tested"
    if Verdict.BETTER in made:
        return "holds" if set(made) == {Verdict.BETTER} else "holds in part"
    refuted = {Verdict.WORSE, Verdict.NONE}
    return "does not hold" if set(made) <= refuted else "not told"


def points(value: float) -> str:
    """Write a difference of shares in points with its sign: 0.0112 -> ``+1.1``."""
    return _signed(100 * value, 1)


def interval(low: float, high: float) -> str:
    """Write the bounds of a difference of shares in points, finer where rounding would make a zero of one."""
    rounds_away = any(bound and abs(bound) < 0.0005 for bound in (low, high))
    return f"[{_signed(100 * low, 1 + rounds_away)}, {_signed(100 * high, 1 + rounds_away)}]"


def _signed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def share(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Write a share in percent, with its interval where there is one: ``31.7 % [30.2, 33.3]``."""
    if math.isnan(value):
        return "an unknown share"
    bounds = "" if math.isnan(low) else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * value:.1f} %{bounds}"


def growth(value: float, low: float, high: float) -> str:
    """Write a relative change in percent with its interval: ``+8.2 % [+2.8, +14.3]``."""
    return f"{points(value)} % {interval(low, high)}"


def listed(names: Sequence[str]) -> str:
    """Join names as people do: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def code(name: str) -> str:
    """Mark a strategy of the configuration as such; the base model is none."""
    return "the base model" if name == BASE else f"`{name}`"
