"""Answers kept as they are given, so that a killed job goes on behind the last of them that were kept.

What a job asks an engine depends on its settings and on earlier answers alone, so every run of it asks the same in the
same order. What was answered to the n-th call is therefore kept as the n-th file. Where that file is there, no model
runs.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from gradual_learning import records
from gradual_learning.labelling import Answerer
from gradual_learning.sampling import Answer, Decoding, Follow, Prompt


class Journal:
    """Answers as an engine does, and keeps the answers.

    Args:
        engine: what answers where nothing is kept.
        folder: where answers are kept; :func:`scratch.open_scratch` has made it, for all that the answers depend on.
        heard: called whenever the engine has answered a prompt.
    """

    def __init__(self, engine: Answerer, folder: Path, heard: Callable[[], None]) -> None:
        self.engine, self.folder, self.heard = engine, folder, heard
        self.calls = 0

    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        follow: Follow | None = None,
    ) -> Iterator[Answer]:
        """Answer every prompt; see :meth:`sampling.Engine.answer`. They are kept once all of them have been given."""
        path = self.folder / f"{self.calls:06d}.parquet"
        self.calls += 1
        kept = _read(path, prompts)
        if kept is not None:
            yield from kept
            return
        given = []
        for answer in self.engine.answer(prompts, decoding, samples, greedy, follow):
            given.append((answer.prompt.id, answer.prompt.number, answer.greedy, answer.samples))
            self.heard()
            yield answer
        records.write_table(pd.DataFrame(given, columns=records.ANSWERS.names), records.ANSWERS, path)


def _read(path: Path, prompts: Sequence[Prompt]) -> list[Answer] | None:
    """Return what a file keeps, or None where it is missing, cut off, or answers other prompts than these."""
    try:
        table = records.read_table(path, records.ANSWERS)
    except records.UserError:
        return None
    asked = {(prompt.id, prompt.number): prompt for prompt in prompts}
    kept = {(row.id, row.prompt): row for row in table.itertuples()}
    if kept.keys() != asked.keys():
        return None
    texts = table["greedy"].astype(object).where(table["greedy"].notna(), None)
    return [Answer(asked[key], text, list(row.samples)) for (key, row), text in zip(kept.items(), texts, strict=True)]
