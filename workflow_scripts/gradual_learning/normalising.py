"""The form in which answers are compared, and whether the beginning of an answer can still come to that of another."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

NORMALISER = "squad-nfc-v1"

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


def may_become(text: str, accepted: Sequence[str]) -> bool:
    """Tell whether a text that begins with ``text`` can still equal an accepted answer, both normalised.

    It says yes too often rather than too seldom: only letters and digits are compared, and the word that the text
    breaks off in may turn out to be an article.
    """
    *words, last = normalise(text).split() or [""]
    kept = [word for word in words if word not in _ARTICLES]
    ends = [last, ""] if any(article.startswith(_bare(last)) for article in _ARTICLES) else [last]
    starts = tuple(_bare("".join([*kept, end])) for end in ends)
    return any(reference.startswith(starts) for reference in _bared(tuple(accepted)))


@lru_cache(maxsize=1 << 16)
def _bared(accepted: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_bare(normalise(answer)) for answer in accepted)


@lru_cache(maxsize=1 << 16)
def _bare(text: str) -> str:
    """Leave the letters and digits, without what may be joined to them later."""
    return "".join(character for character in unicodedata.normalize("NFD", text) if character.isalnum())
