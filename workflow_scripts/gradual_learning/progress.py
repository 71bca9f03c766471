"""How far long work on questions has come: a bar on a terminal, and one line a minute in the log."""

import logging
import time
from typing import Self

from tqdm import tqdm

_log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two lines of the log


class Progress:
    """Counts questions that are done and prompts that a model has answered for them; closed by its ``with`` block.

    Args:
        questions: how many there are to do.
    """

    def __init__(self, questions: int) -> None:
        self.questions = questions
        self.done = 0
        self.prompts = 0
        self.kept = 0  # questions done before any prompt was answered: they took no time
        self.start = self.told = time.monotonic()
        layout = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} questions{postfix}"
        self.bar = tqdm(total=questions, bar_format=layout, miniters=0, leave=False, disable=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def answer(self) -> None:
        """Count a prompt that was answered."""
        if not self.prompts:
            self.start, self.kept = time.monotonic(), self.done
        self.prompts += 1
        self._tell(0)

    def finish(self, questions: int) -> None:
        """Count questions that are done."""
        self.done += questions
        self._tell(questions)

    def _tell(self, questions: int) -> None:
        now = time.monotonic()
        if not self.bar.disable:
            self.bar.set_postfix_str(self._pace(now), refresh=False)
            self.bar.update(questions)
        if now - self.told >= EVERY:
            self.told = now
            _log.info("%d of %d questions, %s", self.done, self.questions, self._pace(now))

    def _pace(self, now: float) -> str:
        spent = max(now - self.start, 1e-9)
        since = self.done - self.kept
        left = tqdm.format_interval(spent / since * (self.questions - self.done)) if since else "?"
        return f"{self.prompts / spent:.3g} prompts/s, {left} left"
