"""Wording for numbers: what an interval implies about a difference, and the format of shares and differences.

A sentence claims no more than its numbers support. A strategy is better or worse only where the interval excludes zero,
and that is qualified where the correction for multiple comparisons disagrees. Where the interval includes zero, it may
still exclude a gain of the published size. Where it does not, the minimum detectable effect shows whether the design
was too small to detect such a gain.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import pandas as pd

from gradual_learning.evaluation.table_values import EFFECT
from gradual_learning.experiment import BASE

Tables = Mapping[str, pd.DataFrame]  # by subject

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")  # in ASCII, which is all that has a meaning in Markdown
LIMIT = 4  # texts that :func:`first` keeps
INTERVALS = "Intervals cover {percent:g} % and account for the variation of seeds and of questions."


class Verdict(StrEnum):
    """What a difference implies, as the words before the strategies; the braces hold the baseline."""

    BETTER = "Better than {}"
    WORSE = "Worse than {}"
    BETTER_UNCORRECTED = "Better than {} before the correction for multiple comparisons, but not after it"
    WORSE_UNCORRECTED = "Worse than {} before the correction for multiple comparisons, but not after it"
    NO_GAIN = "No significant difference from {}, and a gain of one point lies outside the interval"
    UNDERPOWERED = "No significant difference from {}; the design cannot detect one point"
    INCONCLUSIVE = "No significant difference from {}"
    IDENTICAL = "No difference at all from {}"
    UNDEFINED = "Not comparable with {} for lack of questions"


class Difference(NamedTuple):
    """A difference of shares with its interval and, where known, minimum detectable effect and corrected p."""

    value: float
    low: float
    high: float
    mde: float = math.nan
    adjusted_p: float = math.nan

    def verdict(self, confidence: float) -> Verdict:
        """Return what the numbers imply at this coverage of the interval; a bound of zero does not exclude zero."""
        if math.isnan(self.value):
            return Verdict.UNDEFINED
        if self.value == self.low == self.high == 0:
            return Verdict.IDENTICAL
        is_uncorrected = self.adjusted_p > 1 - confidence
        if self.low > 0:
            return Verdict.BETTER_UNCORRECTED if is_uncorrected else Verdict.BETTER
        if self.high < 0:
            return Verdict.WORSE_UNCORRECTED if is_uncorrected else Verdict.WORSE
        if self.high < EFFECT:
            return Verdict.NO_GAIN
        return Verdict.UNDERPOWERED if self.mde > EFFECT else Verdict.INCONCLUSIVE

    def numbers(self) -> str:
        """Write the numbers behind the verdict, in points, with a leading space; empty without numbers."""
        if math.isnan(self.value):
            return ""
        text = f" {points(self.value)} {interval(self.low, self.high)}"
        if self.low <= 0 <= self.high:
            return text if math.isnan(self.mde) else f"{text} (detectable: {100 * self.mde:.1f})"
        return text if math.isnan(self.adjusted_p) else f"{text} (p = {self.adjusted_p:.2g})"


def compared(pairs: Iterable[tuple[str, str, Difference]], confidence: float) -> list[str]:
    """Write how strategies compare with their baselines, one sentence for each baseline and verdict.

    Args:
        pairs: (baseline, strategy, share of the strategy minus that of the baseline, where more is better).
        confidence: coverage of the intervals.
    """
    groups: dict[tuple[str, Verdict], list[str]] = {}
    for baseline, strategy, difference in pairs:
        key = baseline, difference.verdict(confidence)
        groups.setdefault(key, []).append(f"{code(strategy)}{difference.numbers()}")
    return [f"{verdict.format(code(baseline))}: {', '.join(items)}." for (baseline, verdict), items in groups.items()]


def status(verdicts: Sequence[Verdict]) -> str:
    """Return whether the comparisons made for a claim, that something is better, support it."""
    defined = [verdict for verdict in verdicts if verdict is not Verdict.UNDEFINED]
    if not defined:
        return "not tested"
    if Verdict.BETTER in defined:
        return "holds" if set(defined) == {Verdict.BETTER} else "holds in part"
    return "does not hold" if set(defined) <= {Verdict.WORSE, Verdict.NO_GAIN} else "inconclusive"


def points(value: float) -> str:
    """Write a difference of shares in points with its sign: 0.0112 -> ``+1.1``."""
    return _signed(100 * value, 1)


def interval(low: float, high: float) -> str:
    """Write the bounds of a difference of shares in points, finer where rounding would turn one into zero.

    A bound that even then is rounded to zero becomes the last digit on its own side of zero.
    """
    digits = 2 if any(bound and not round(100 * bound, 1) for bound in (low, high)) else 1
    return f"[{_bound(100 * low, digits)}, {_bound(100 * high, digits)}]"


def _bound(value: float, digits: int) -> str:
    """Write a bound with its sign; only zero itself is written as zero."""
    least = 10.0**-digits
    return _signed(math.copysign(max(abs(value), least), value) if value else value, digits)


def _signed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def share(value: float, low: float = math.nan, high: float = math.nan) -> str:
    """Write a share in percent, with its interval where there is one: ``31.7 % [30.2, 33.3]``."""
    if math.isnan(value):
        return "an unknown share"
    bounds = "" if math.isnan(low) else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * value:.1f} %{bounds}"


def estimate(row: pd.Series, column: str) -> str:
    """Write the share in a column of a table with its interval, from the columns low and high."""
    return share(row[column], row["low"], row["high"])


def growth(value: float, low: float, high: float) -> str:
    """Write a relative change in percent with its interval: ``+8.2 % [+2.8, +14.3]``."""
    return f"{points(value)} % {interval(low, high)}"


def listed(names: Sequence[str]) -> str:
    """Join names in a sentence: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def first(texts: Iterable[str]) -> list[str]:
    """Keep the first of several texts, and count the rest."""
    texts = list(texts)
    return texts[:LIMIT] + ([f"{len(texts) - LIMIT} more"] if len(texts) > LIMIT else [])


def some(texts: Iterable[str]) -> str:
    """Join the first of several texts in a sentence: ``a, b, c, d and 3 more``."""
    return listed(first(texts))


def about(number: float) -> str:
    """Write a number with two significant digits: 647,485 -> ``650,000``."""
    return f"{float(f'{number:.2g}'):,.0f}"


def number_range(texts: Sequence[str]) -> str:
    """Write the range of sorted numbers, or the number where they are all the same."""
    return texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"


def code(name: str) -> str:
    """Mark the name of a strategy or a chain of stages as code; the base model is written in words."""
    if name == BASE:
        return "the base model"
    text = " ".join(name.split())
    runs = re.findall("`+", text)  # in what others have named; a longer fence encloses them
    fence, space = "`" * (1 + max(map(len, runs), default=0)), " " if runs else ""
    return f"{fence}{space}{text}{space}{fence}"


def plain(text: str) -> str:
    """Write a text of a data set or a model in Markdown such that it is shown as it is, in one line, without markup."""
    return _PUNCTUATION.sub(r"\\\g<0>", " ".join(text.split()))
