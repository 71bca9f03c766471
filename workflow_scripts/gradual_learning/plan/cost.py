"""The seconds of work: a fixed part, such as reading the exemplars that prompts share, and a part per unit."""

import time
from collections.abc import Callable
from dataclasses import dataclass

BUDGET = 2.0  # seconds after which portions grow no more; the last one may take a few times as long


@dataclass(frozen=True)
class Cost:
    """Seconds of work, ``fixed + marginal * units``."""

    fixed: float
    marginal: float

    def seconds(self, units: float, batches: float) -> float:
        """Return the seconds of a number of units in a number of batches, each of which has the fixed part."""
        return batches * self.fixed + units * self.marginal

    def between(self, other: "Cost", share: float) -> "Cost":
        """Return the cost at a share of the way from this cost to another one."""
        return Cost(
            self.fixed + share * (other.fixed - self.fixed), self.marginal + share * (other.marginal - self.marginal)
        )

    def at_least(self, other: "Cost") -> "Cost":
        """Return the larger of two costs, part by part."""
        return Cost(max(self.fixed, other.fixed), max(self.marginal, other.marginal))


def measure(run: Callable[[int], object], most: int) -> Cost:
    """Measure the cost of work, from a portion of one unit and from portions that grow.

    Only in a large portion is a unit as cheap as in a job. A single unit runs first without being timed, since the
    first call prepares what later ones use.

    Args:
        run: does a number of units.
        most: units in the largest portion.
    """
    run(1)
    one = seconds = _time(run, 1)
    count = 1
    while count < most and (count == 1 or seconds < BUDGET):
        count = min(4 * count, most)
        seconds = _time(run, count)
    if count == 1:
        return Cost(0.0, one)
    marginal = (seconds - one) / (count - 1) if seconds > one else seconds / count
    return Cost(max(one - marginal, 0.0), marginal)


def _time(run: Callable[[int], object], count: int) -> float:
    started = time.perf_counter()
    run(count)
    return time.perf_counter() - started
