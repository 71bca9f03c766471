"""Encode prompts and answers as token ids, the same way for inference and for training.

A prompt starts with the tokens that the tokenizer puts before any text, once, and never ends with an end token. The
tokens of an answer are those that follow the prompt when the two are tokenized together. Control tokens in prompts and
answers are text (:mod:`~gradual_learning.models.control_tokens`).
"""

from collections.abc import Sequence

from transformers import GenerationConfig, PreTrainedTokenizerBase

from gradual_learning.models.chat_template import ChatTemplate
from gradual_learning.models.control_tokens import TextEncoder


class Encoder:
    """Encodes prompts and answers as token ids, and decodes ids.

    Args:
        tokenizer: the tokenizer of the model.
        chat_template: whether a prompt becomes a single user turn in the chat template of the tokenizer.

    Attributes:
        eos_token_id: the end token of the tokenizer; also used for padding.

    Raises:
        UserError: ``chat_template`` is set, and the tokenizer has none that works.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, chat_template: bool = False) -> None:
        self.tokenizer = tokenizer
        self.chat_template = ChatTemplate(tokenizer) if chat_template else None
        self.eos_token_id: int = tokenizer.eos_token_id
        self._texts = TextEncoder(tokenizer, chat_template)
        self._start = self._start_tokens()

    def encode_prompts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each prompt, to be followed by an answer."""
        start, rows = self._start, self._texts.encode([self._shown(text) for text in texts])
        return [row if row[: len(start)] == start else start + row for row in rows]

    def encode_documents(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text alone, without start and end tokens."""
        return self._texts.encode([self._texts.text(text) for text in texts])

    def encode_answers(self, prompt: str, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as an answer to a prompt, without the end token.

        These are the ids that follow the prompt when both are tokenized together. Where a token spans the boundary,
        the answer is tokenized alone, with or without a space, whichever decodes to the same text after the prompt. A
        prompt that ends with white space gets no further space.
        """
        shown = self._shown(prompt)
        space = "" if self.chat_template or shown[-1:].isspace() else " "
        answers = [space + self._texts.text(text) for text in texts]
        [before], joint = self._texts.encode([shown]), self._texts.encode([shown + answer for answer in answers])
        return [
            row[len(before) :] if row[: len(before)] == before else self._encode_alone(before, answer, row)
            for answer, row in zip(answers, joint, strict=True)
        ]

    def decode(self, rows: Sequence[list[int]]) -> list[str]:
        """Return the text of each row of ids, without special tokens."""
        return self.tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def end_tokens(self, generation: GenerationConfig) -> set[int]:
        """Return the ids that end an answer and are no part of its text: the end tokens of tokenizer and model."""
        own = generation.eos_token_id
        return {self.eos_token_id, *(own if isinstance(own, list) else [own])} - {None}

    def line_break_tokens(self) -> set[int]:
        """Return the ids of all tokens that contain a line break, with or without other text."""
        rows = [[token] for token in range(len(self.tokenizer))]
        return {token for token, text in enumerate(self.tokenizer.batch_decode(rows)) if "\n" in text}

    def _shown(self, text: str) -> str:
        """Return a prompt in the form that is encoded, in the chat template if there is one."""
        if not self.chat_template:
            return self._texts.text(text)
        return self._texts.from_template(self.chat_template.render(self._texts.mark(text)))

    def _start_tokens(self) -> list[int]:
        """Return the ids that the tokenizer puts before any text."""
        whole, [plain] = self.tokenizer("a")["input_ids"], self._texts.encode(["a"])
        return whole[: next(n for n in range(len(whole)) if whole[n : n + len(plain)] == plain)]

    def _encode_alone(self, before: list[int], text: str, joint: list[int]) -> list[int]:
        """Return ids of an answer tokenized alone that, after the prompt, decode to the same text as ``joint``."""
        bare = text.removeprefix(" ")
        with_space, without, line, after_line = self._texts.encode([text, bare, "\n", f"\n{bare}"])
        inner = after_line[len(line) :]  # some tokenizers put a space before the start of any text
        candidates = [with_space, without, inner]
        expected, *decoded = self.decode([joint, *(before + ids for ids in candidates)])
        return next((ids for ids, found in zip(candidates, decoded, strict=True) if found == expected), with_space)
