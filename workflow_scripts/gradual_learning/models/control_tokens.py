"""Control tokens, which mark the parts of a document or of a conversation, such as <s>, <|im_end|> or <think>.

What users write is text: a control token in it is encoded like any other text. Only the tokenizer itself, where a
prompt starts and an answer ends, and a chat template write control tokens.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import mark_control_tokens

_START, _END = "\U000f0000", "\U000f0001"  # private characters that mark_control_tokens puts around a control token
_IN_BRACKETS = re.compile(r"<.+>|\[.+\]", re.DOTALL)
_UNKNOWN = "\U0010fffd"  # a private character that no vocabulary contains


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Return the ids of the control tokens by their text.

    These are the special tokens, and the added tokens in angle or square brackets, since tokenizers do not declare all
    of theirs special. Other added tokens, such as runs of spaces or technical terms, are ordinary vocabulary.
    """
    added = tokenizer.added_tokens_decoder.items()
    return {token.content: number for number, token in added if token.special or _IN_BRACKETS.fullmatch(token.content)}


class TextEncoder:
    """Encodes texts, in which control tokens are text, and what a chat template made of a text.

    A string to encode is what :meth:`text` or :meth:`from_template` returned, or several of these joined.

    Args:
        tokenizer: the tokenizer of the model; it is not changed.
        chat_template: whether strings may come from a chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, chat_template: bool = False) -> None:
        self._tokenizer = tokenizer
        controls = control_tokens(tokenizer)
        if not tokenizer.is_fast:
            controls.pop(tokenizer.unk_token, None)  # also stands for every unknown word
        pattern = "|".join(sorted(map(re.escape, controls), key=len, reverse=True)) or "(?!)"
        self._pattern = re.compile(pattern)
        self._marked_or_not = re.compile(f"{_START}({pattern}){_END}|({pattern})|[{_START}{_END}]")
        self._spelled: dict[int, list[int]] = {}  # the ids that stand for an id of the backend
        self._replaced: frozenset[int] = frozenset()
        if tokenizer.is_fast:
            self._backend = _text_backend(tokenizer, controls)
            if chat_template:
                self._add_marked(controls)
            self._replaced = frozenset({*self._spelled, *self._in_vocabulary(controls)})

    def text(self, text: str) -> str:
        """Return a text of the user in the form that :meth:`encode` reads."""
        return text.replace(_START, "") if self._tokenizer.is_fast else self.mark(text)

    def mark(self, text: str) -> str:
        """Put private marks around the control tokens of a text, to recognize them in what a chat template returns."""
        return mark_control_tokens(text, self._pattern)

    def from_template(self, rendered: str) -> str:
        """Return what a chat template made of a marked text in the form that :meth:`encode` reads."""
        if not self._tokenizer.is_fast:
            return rendered
        # from here on, marks are around the control tokens that the template has written
        return self._marked_or_not.sub(lambda at: f"{_START}{at[2]}{_END}" if at[2] else at[1] or "", rendered)

    def encode(self, strings: Sequence[str]) -> list[list[int]]:
        """Return the ids of each string, without those that the tokenizer puts around any text."""
        if not self._tokenizer.is_fast:
            options = {"add_special_tokens": False, "sanitize_control_tokens": True}
            return self._tokenizer(list(strings), **options)["input_ids"]
        rows = self._ids(strings)
        return [row if self._replaced.isdisjoint(row) else self._replace(row) for row in rows]

    def _ids(self, strings: Sequence[str]) -> list[list[int]]:
        # the tokenizer itself spends most of its time on offsets and masks
        return [found.ids for found in self._backend.encode_batch_fast(list(strings), add_special_tokens=False)]

    def _add_marked(self, controls: dict[str, int]) -> None:
        """Make the backend find the control tokens between marks, which a chat template has written."""
        declared, tokens = self._tokenizer.added_tokens_decoder, []
        for text, number in controls.items():
            sides = {"lstrip": declared[number].lstrip, "rstrip": declared[number].rstrip}
            tokens.append(AddedToken(f"{_START}{text}{_END}", normalized=False, **sides))
        self._backend.add_tokens(tokens)
        numbers = self._backend.get_vocab()
        for token, number in zip(tokens, controls.values(), strict=True):
            self._spelled[numbers[token.content]] = [number]

    def _in_vocabulary(self, controls: dict[str, int]) -> Iterator[int]:
        """Yield the ids of control tokens that are also ordinary vocabulary, so that text may lead to them.

        Not among them are the token for what is unknown, and single characters, which have no other spelling.
        """
        vocabulary = self._backend.get_vocab(with_added_tokens=False)
        [unknown] = self._ids([_UNKNOWN])
        for text, number in controls.items():
            if len(text) > 1 and text in vocabulary and number not in unknown:
                yield number

    def _replace(self, row: list[int]) -> list[int]:
        return [piece for token in row for piece in (self._spell(token) if token in self._replaced else [token])]

    def _spell(self, token: int) -> list[int]:
        """Return the ids that stand for a replaced one: the control token between marks, or its text in two parts."""
        if token not in self._spelled:
            text = self._tokenizer.added_tokens_decoder[token].content
            # after a line break, as some tokenizers put a space before the start of any text
            line, *after_line = self._ids(["\n", f"\n{text[:1]}", f"\n{text[1:]}"])
            self._spelled[token] = [piece for row in after_line for piece in row[len(line) :]]
        return self._spelled[token]


def _text_backend(tokenizer: PreTrainedTokenizerBase, controls: Iterable[str]) -> Tokenizer:
    """Return a copy of a fast tokenizer that does not look for control tokens."""
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_padding()
    backend.no_truncation()
    backend.add_special_tokens(list(controls))  # they keep their ids; those not declared special are so now
    backend.encode_special_tokens = True
    return backend
