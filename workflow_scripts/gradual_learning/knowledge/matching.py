"""Decide whether an answer is correct by comparing it with the accepted answers.

Exact match after normalization is the rule of Gekhman et al. 2024, section 3. Token F1 and containment are alternatives
for data sets whose answers are sentences.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge.normalization import normalize

MATCHES = ("exact", "f1", "contains")


@dataclass(frozen=True)
class AnswerMatcher:
    """Compares answers with accepted answers.

    Attributes:
        match: ``exact``: the answer equals an accepted one after normalization; ``f1``: its token F1 with an accepted
            answer is at least ``f1_threshold``; ``contains``: it contains the words of an accepted answer as one run.
            The last two split words at spaces, so they are of little use in scripts without spaces.
        f1_threshold: above 0 and at most 1; only ``f1`` uses it.

    Raises:
        UserError: the match is unknown, or the threshold is out of range.
    """

    match: str = "exact"
    f1_threshold: float = 0.5

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.match not in MATCHES:
            raise UserError(f"data.answer_match: {self.match!r} is unknown; use one of {', '.join(MATCHES)}.")
        if not 0 < self.f1_threshold <= 1:
            raise UserError(f"data.f1_threshold: {self.f1_threshold} is out of range; use one above 0 and at most 1.")

    def matches(self, answer: str, accepted: Sequence[str]) -> bool:
        """Return whether an answer matches any accepted answer; an empty answer never does.

        Raises:
            TypeError: ``accepted`` is a single text, which would be a sequence of letters.
        """
        if isinstance(accepted, str):
            raise TypeError("accepted answers must be a sequence of texts, not a single text")
        normalized = normalize(answer)
        if not normalized:
            return False
        references = _references(tuple(accepted))
        if self.match == "exact":
            return normalized in references
        if self.match == "contains":
            return any(f" {reference} " in f" {normalized} " for reference in references)
        return any(_token_f1(normalized, reference) >= self.f1_threshold for reference in references)


@lru_cache(maxsize=1 << 16)
def _references(accepted: tuple[str, ...]) -> frozenset[str]:
    return frozenset(normalize(answer) for answer in accepted)


def _token_f1(answer: str, reference: str) -> float:
    words, reference_words = answer.split(), reference.split()
    common = sum((Counter(words) & Counter(reference_words)).values())
    return 2 * common / (len(words) + len(reference_words))
