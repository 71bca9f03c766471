"""When is an answer right? The judge that compares a model's answer with the accepted ones.

Exact match after normalising is the rule of the papers (Gekhman et al. 2024, section 3); token F1 and containment are
alternatives for data sets whose answers are sentences.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gradual_learning.normalising import normalise
from gradual_learning.records import UserError

MATCHES = ("exact", "f1", "contains")


@dataclass(frozen=True)
class Judge:
    """Decides whether an answer is correct.

    Attributes:
        match: ``exact``: equal to an accepted answer after normalising; ``f1``: the token F1 with an accepted answer is
            at least ``f1_threshold``; ``contains``: the words of an accepted answer stand in the answer, in one run.
            The last two compare words between spaces, so they say little in scripts that write none.
        f1_threshold: above 0 and at most 1, used with ``f1`` alone.

    Raises:
        UserError: the match is unknown or the threshold out of range.
    """

    match: str = "exact"
    f1_threshold: float = 0.5

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.match not in MATCHES:
            raise UserError(f"data.match: {self.match!r} is unknown; use one of {', '.join(MATCHES)}.")
        if not 0 < self.f1_threshold <= 1:
            raise UserError(f"data.f1_threshold: {self.f1_threshold} is not above 0 and at most 1.")

    def correct(self, answer: str, accepted: Sequence[str]) -> bool:
        """Tell whether ``answer`` matches any accepted answer; an empty one never.

        Raises:
            TypeError: ``accepted`` is a single text, which would be read as a sequence of letters.
        """
        if isinstance(accepted, str):
            raise TypeError("accepted answers must be a sequence of texts, not one text")
        normalised = normalise(answer)
        if not normalised:
            return False
        references = _normalised(tuple(accepted))
        if self.match == "exact":
            return normalised in references
        if self.match == "contains":
            return any(f" {reference} " in f" {normalised} " for reference in references)
        return any(_token_f1(normalised, reference) >= self.f1_threshold for reference in references)


@lru_cache(maxsize=1 << 16)
def _normalised(accepted: tuple[str, ...]) -> frozenset[str]:
    return frozenset(normalise(answer) for answer in accepted)


def _token_f1(answer: str, reference: str) -> float:
    given, wanted = answer.split(), reference.split()
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted))
