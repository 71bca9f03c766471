"""Progress of long work on questions: a bar on a terminal, and one line a minute in the log."""

import logging
import time
from typing import Self

from tqdm import tqdm

LOG_SECONDS = 60.0  # between two lines of the log
_log = logging.getLogger(__name__)


class Progress:
    """Counts the questions that are done and the prompts that a model has answered for them.

    A context manager: the bar disappears at its end.

    Args:
        questions: number of questions.
    """

    def __init__(self, questions: int) -> None:
        self.questions = questions
        self.done = 0
        self.prompts = 0
        self.resumed = 0  # questions done before the first prompt was answered: they took no time
        self.start = self.logged = time.monotonic()
        layout = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} questions{postfix}"
        self.bar = tqdm(total=questions, bar_format=layout, miniters=0, leave=False, disable=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def answer(self) -> None:
        """Count a prompt that was answered."""
        if not self.prompts:
            self.start, self.resumed = time.monotonic(), self.done
        self.prompts += 1
        self._show(0)

    def finish(self, questions: int) -> None:
        """Count questions that are done."""
        self.done += questions
        self._show(questions)

    def _show(self, questions: int) -> None:
        now = time.monotonic()
        if not self.bar.disable:
            self.bar.set_postfix_str(self._pace(now), refresh=False)
            self.bar.update(questions)
        if now - self.logged >= LOG_SECONDS:
            self.logged = now
            _log.info("%d of %d questions, %s", self.done, self.questions, self._pace(now))

    def _pace(self, now: float) -> str:
        seconds = max(now - self.start, 1e-9)
        done = self.done - self.resumed
        left = tqdm.format_interval(seconds / done * (self.questions - self.done)) if done else "?"
        return f"{self.prompts / seconds:.3g} prompts/s, {left} left"
