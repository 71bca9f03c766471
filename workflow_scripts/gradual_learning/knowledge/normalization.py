"""Normalize answers for comparison, and decide whether an unfinished answer can still match an accepted one."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_ARTICLES = frozenset({"a", "an", "the"})
# Marks that carry meaning and are kept: inside a number, before a number, and in "C#".
_MEANINGFUL = re.compile(r"((?<=\d)[.:,'\u066b](?=\d)|(?<![\w.])[-.](?=\d)|(?<=[^\W\d_])#)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"


class _PunctuationTable(dict[int, int | str | None]):
    r"""Translation table, filled on demand: joining marks become a space, other punctuation is removed.

    Unicode categories decide: ``string.punctuation`` lacks the marks of other scripts, and ``\W`` would separate the
    vowel signs from Indic words.
    """

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        if category in ("Pd", "Pc") or chr(code) == "/":
            self[code] = " "
        else:
            self[code] = None if category.startswith("P") or chr(code) in "`\u00b4^~|" else code
        return self[code]


_PUNCTUATION = _PunctuationTable({ord(character): None for character in _INVISIBLE})


@lru_cache(maxsize=1 << 18)
def normalize(text: str) -> str:
    """Return a text in the form in which answers are compared.

    The form is NFC and case-folded, without punctuation (dashes, underscores and slashes separate words), English
    articles and repeated white space. Unlike the function of SQuAD it keeps what distinguishes answers: the point of
    1.0 and the sign of -5, ``C#`` and ``C++``, the last word of ``Vitamin A``, and texts that consist of punctuation
    or articles (``!!!``, ``The The``). Only white space and invisible characters become the empty string.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).replace("\u2212", "-").casefold())
    numbers = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), folded)
    parts = _MEANINGFUL.split(numbers)
    parts[::2] = [part.translate(_PUNCTUATION) for part in parts[::2]]
    words = "".join(parts).split() or folded.translate(dict.fromkeys(map(ord, _INVISIBLE))).split()
    if all(word in _ARTICLES for word in words):
        return " ".join(words)
    return " ".join([word for word in words[:-1] if word not in _ARTICLES] + words[-1:])


def can_still_match(text: str, accepted: Sequence[str]) -> bool:
    """Return whether a text that starts with ``text`` can equal an accepted answer, both normalized.

    False positives are possible, false negatives are not: only letters and digits are compared, and the last,
    possibly unfinished word may turn out to be an article.
    """
    *words, last = normalize(text).split() or [""]
    kept = [word for word in words if word not in _ARTICLES]
    endings = [last, ""] if any(article.startswith(_alphanumeric(last)) for article in _ARTICLES) else [last]
    starts = tuple(_alphanumeric("".join([*kept, ending])) for ending in endings)
    return any(reference.startswith(starts) for reference in _references(tuple(accepted)))


@lru_cache(maxsize=1 << 16)
def _references(accepted: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_alphanumeric(normalize(answer)) for answer in accepted)


@lru_cache(maxsize=1 << 16)
def _alphanumeric(text: str) -> str:
    """Return the letters and digits of a text, without marks that may combine with later characters."""
    return "".join(character for character in unicodedata.normalize("NFD", text) if character.isalnum())
