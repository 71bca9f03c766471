"""Encode prompts and answers as token ids, the same way for inference and for training.

A prompt starts with the tokens that the tokenizer puts before any text, once, and never ends with an end token. The
tokens of an answer are those that follow the prompt when the two are tokenized together.
"""

from collections.abc import Sequence

from transformers import GenerationConfig, PreTrainedTokenizerBase

from gradual_learning.jobs.errors import UserError


class Encoder:
    """Encodes prompts and answers as token ids, and decodes ids.

    Args:
        tokenizer: the tokenizer of the model.
        chat_template: whether a prompt becomes a single user turn in the chat template of the tokenizer.

    Attributes:
        eos_token_id: the end token of the tokenizer; also used for padding.

    Raises:
        UserError: ``chat_template`` is set and the tokenizer has none.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, chat_template: bool = False) -> None:
        if chat_template and not tokenizer.chat_template:
            raise UserError("model.chat_template: the tokenizer of this model has none; set it to false.")
        self.tokenizer = tokenizer
        self.chat_template = chat_template
        self.eos_token_id: int = tokenizer.eos_token_id
        self._start = self._start_tokens()

    def encode_prompts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each prompt, to be followed by an answer."""
        start, rows = self._start, self._ids([self._apply_template(text) for text in texts])
        return [row if row[: len(start)] == start else start + row for row in rows]

    def encode_answers(self, prompt: str, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as an answer to a prompt, without the end token.

        These are the ids that follow the prompt when both are tokenized together. Where a token spans the boundary,
        the answer is tokenized alone, with or without a space, whichever decodes to the same text after the prompt. A
        prompt that ends with white space gets no further space.
        """
        shown = self._apply_template(prompt)
        space = "" if self.chat_template or shown[-1:].isspace() else " "
        [before], joint = self._ids([shown]), self._ids([f"{shown}{space}{text}" for text in texts])
        return [
            row[len(before) :] if row[: len(before)] == before else self._encode_alone(before, space + text, row)
            for text, row in zip(texts, joint, strict=True)
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

    def _apply_template(self, text: str) -> str:
        if not self.chat_template:
            return text
        turns = [{"role": "user", "content": text}]
        # enable_thinking: templates that have the option (Qwen3) then prompt for an answer without chain of thought
        options = {"add_generation_prompt": True, "enable_thinking": False}
        return self.tokenizer.apply_chat_template(turns, tokenize=False, **options)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if not self.tokenizer.is_fast:
            return self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        backend = self.tokenizer.backend_tokenizer  # the call above spends most of its time on offsets and masks
        backend.no_padding()
        backend.no_truncation()
        return [encoding.ids for encoding in backend.encode_batch_fast(texts, add_special_tokens=False)]

    def _start_tokens(self) -> list[int]:
        """Return the ids that the tokenizer puts before any text."""
        whole, [plain] = self.tokenizer("a")["input_ids"], self._ids(["a"])
        return whole[: next(n for n in range(len(whole)) if whole[n : n + len(plain)] == plain)]

    def _encode_alone(self, before: list[int], text: str, joint: list[int]) -> list[int]:
        """Return ids of an answer tokenized alone that, after the prompt, decode to the same text as ``joint``."""
        bare = text.removeprefix(" ")
        with_space, without, line, after_line = self._ids([text, bare, "\n", f"\n{bare}"])
        inner = after_line[len(line) :]  # some tokenizers put a space before the start of any text
        candidates = [with_space, without, inner]
        expected, *decoded = self.decode([joint, *(before + ids for ids in candidates)])
        return next((ids for ids, found in zip(candidates, decoded, strict=True) if found == expected), with_space)
