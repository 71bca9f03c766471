"""Between texts and tokens, the same way for asking a model and for training it.

A prompt begins with what the tokenizer puts in front of any text, once, and never ends with an end token. An answer is
what the tokens of prompt and answer together have behind those of the prompt.
"""

from collections.abc import Sequence

from transformers import GenerationConfig, PreTrainedTokenizerBase

from gradual_learning.records import UserError


class Encoder:
    """Writes prompts and answers as token ids, and ids as texts.

    Args:
        tokenizer: of the model.
        chat_template: whether a prompt is written as the one turn of a user, the way the tokenizer's template says.

    Raises:
        UserError: the tokenizer has no chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, chat_template: bool = False) -> None:
        if chat_template and not tokenizer.chat_template:
            raise UserError("model.chat_template: the tokenizer of this model has none; set it to false.")
        self.tokenizer = tokenizer
        self.chat_template = chat_template
        self.end: int = tokenizer.eos_token_id
        self._start = self._put_in_front()

    def prompts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each prompt, ready for an answer to follow."""
        start, rows = self._start, self._ids([self._shown(text) for text in texts])
        return [row if row[: len(start)] == start else start + row for row in rows]

    def answers(self, prompt: str, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as an answer to a prompt, without the end token.

        These are the ids that follow those of the prompt when both are tokenised together. Where the two merge, the
        answer is tokenised by itself, with or without a space, whichever reads the same behind the prompt. A prompt
        that ends with a space gets no other.
        """
        shown = self._shown(prompt)
        space = "" if self.chat_template or shown[-1:].isspace() else " "
        [before], together = self._ids([shown]), self._ids([f"{shown}{space}{text}" for text in texts])
        return [
            row[len(before) :] if row[: len(before)] == before else self._apart(before, space + text, row)
            for text, row in zip(texts, together, strict=True)
        ]

    def texts(self, rows: Sequence[list[int]]) -> list[str]:
        """Return the text of each row of ids, without special tokens."""
        return self.tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def ends(self, generation: GenerationConfig) -> set[int]:
        """Return the ids that end a text by themselves: the end tokens of the tokenizer and of the model."""
        own = generation.eos_token_id
        return {self.end, *(own if isinstance(own, list) else [own])} - {None}

    def line_breaks(self) -> set[int]:
        """Return the ids of all tokens that hold a newline, with whatever else they hold."""
        rows = [[token] for token in range(len(self.tokenizer))]
        return {token for token, text in enumerate(self.tokenizer.batch_decode(rows)) if "\n" in text}

    def _shown(self, text: str) -> str:
        if not self.chat_template:
            return text
        turns = [{"role": "user", "content": text}]
        # asks templates that know of it (Qwen3) for an answer without a chain of thought before it
        options = {"add_generation_prompt": True, "enable_thinking": False}
        return self.tokenizer.apply_chat_template(turns, tokenize=False, **options)

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if not self.tokenizer.is_fast:
            return self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        backend = self.tokenizer.backend_tokenizer  # the call above spends most of its time on offsets and masks
        backend.no_padding()
        backend.no_truncation()
        return [encoding.ids for encoding in backend.encode_batch_fast(texts, add_special_tokens=False)]

    def _put_in_front(self) -> list[int]:
        whole, [plain] = self.tokenizer("a")["input_ids"], self._ids(["a"])
        return whole[: next(n for n in range(len(whole)) if whole[n : n + len(plain)] == plain)]

    def _apart(self, before: list[int], text: str, together: list[int]) -> list[int]:
        """Return the ids of an answer by itself that read as they do together with the prompt."""
        bare = text.removeprefix(" ")
        with_space, without, line, behind_line = self._ids([text, bare, "\n", f"\n{bare}"])
        inner = behind_line[len(line) :]  # pieces may get a space in front wherever a text begins
        candidates = [with_space, without, inner]
        meant, *read = self.texts([together, *(before + ids for ids in candidates)])
        return next((ids for ids, told in zip(candidates, read, strict=True) if told == meant), with_space)
