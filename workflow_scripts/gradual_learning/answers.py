"""When is an answer right? The normaliser, and the judge that compares a model's answer with the accepted ones.

Exact match after normalising is the rule of the papers (Gekhman et al. 2024, section 3); token F1 and containment are
alternatives for data sets whose answers are sentences.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gradual_learning.records import UserError

NORMALISER = "squad-nfc-v1"
MATCHES = ("exact", "f1", "contains")

_ARTICLES = frozenset({"a", "an", "the"})
# Marks that carry meaning and so are no punctuation here: inside a number, before one, and in "C#".
_MEANT = re.compile(r"((?<=\d)[.:,'\u066b](?=\d)|(?<![\w.])[-.](?=\d)|(?<=[^\W\d_])#)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"


class _Marks(dict):
    """Translation table, filled as characters are met: joining marks become a space, other punctuation nothing.

    By Unicode category, as ``string.punctuation`` misses the marks of other scripts and ``\\W`` would tear the vowel
    signs off Indic words.
    """

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        if category in ("Pd", "Pc") or chr(code) == "/":
            self[code] = " "
        else:
            self[code] = None if category.startswith("P") or chr(code) in "`\u00b4^~|" else code
        return self[code]


_MARKS = _Marks({ord(character): None for character in _INVISIBLE})


@lru_cache(maxsize=1 << 18)
def normalise(text: str) -> str:
    """Bring a text to the form in which answers are compared (:data:`NORMALISER`).

    NFC and casefold; punctuation removed (dashes, underscores and slashes separate words); English articles removed;
    white space squeezed. Unlike SQuAD's own function it keeps what tells answers apart: the point of 1.0 and the sign
    of -5, ``C#`` and ``C++``, the last word of ``Vitamin A``, and a text of nothing but marks or articles (``!!!``,
    ``The The``). Only white space and invisible characters become the empty string.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).replace("\u2212", "-").casefold())
    numbers = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), folded)
    parts = _MEANT.split(numbers)
    parts[::2] = [part.translate(_MARKS) for part in parts[::2]]
    words = "".join(parts).split() or folded.translate(dict.fromkeys(map(ord, _INVISIBLE))).split()
    if all(word in _ARTICLES for word in words):
        return " ".join(words)
    return " ".join([word for word in words[:-1] if word not in _ARTICLES] + words[-1:])


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
