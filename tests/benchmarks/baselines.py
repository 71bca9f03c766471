"""What transformers offers for the same work, used with care: ``generate`` and ``generate_batch``.

Both get the token ids, stops, decoding and weights that our engine gets, and answer by one greedy call and one that
draws the samples. ``generate_batch`` is continuous batching.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from cases import DECODING, SAMPLES, Case, Greedy
from gradual_learning.labelling import first_line
from gradual_learning.sampling import Engine

TRIAL = 16  # questions at most on which the best size is found
BLOCKS, PAGE = 1024, 32  # blocks of the cache of ``generate_batch``, and tokens of one


def decodings(engine: Engine) -> tuple[GenerationConfig, GenerationConfig]:
    """Return the settings of the greedy call and of the one that samples."""
    ends = {"eos_token_id": engine.stops.tolist(), "pad_token_id": engine.encoder.end}
    drawn = {"temperature": DECODING.temperature, "top_k": DECODING.top_k, "num_return_sequences": SAMPLES}
    longest = DECODING.max_new_tokens
    return (
        GenerationConfig(do_sample=False, max_new_tokens=longest, **ends),
        GenerationConfig(do_sample=True, max_new_tokens=longest, **ends, **drawn),
    )


def texts(engine: Engine, rows: list[list[int]]) -> list[str]:
    """Return the answers that rows of new tokens hold."""
    said = [[token for token in row if token not in engine.ends] for row in rows]
    return [first_line(text) for text in engine.encoder.texts(said)]


@dataclass
class Generate:
    """Batches padded on the left, prompts of like length together; ``size`` prompts are a batch."""

    engine: Engine
    case: Case
    questions: int
    size: int = 16
    name: str = "generate"

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions."""
        asked = self.case.asked(questions)
        start = time.perf_counter()
        greedy = {}
        rows = self.engine.encoder.prompts([prompt.text for prompt in asked])
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        for batch in _cut(order, self.size):
            said = self._answer([rows[place] for place in batch])
            greedy |= {(asked[place].id, asked[place].number): text for place, text in zip(batch, said, strict=True)}
        return time.perf_counter() - start, greedy

    def _answer(self, rows: list[list[int]]) -> list[str]:
        longest = max(map(len, rows))
        padded = [[self.engine.encoder.end] * (longest - len(row)) + row for row in rows]
        own = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
        ids, mask = (torch.tensor(part, device=self.engine.model.device) for part in (padded, own))
        model = self.engine.model
        whole = [model.generate(ids, attention_mask=mask, generation_config=how) for how in decodings(self.engine)]
        greedy, _ = (texts(self.engine, part[:, longest:].tolist()) for part in whole)
        return greedy


@dataclass
class GenerateBatch:
    """Paged memory, all the work in one call for greedy answers and one for samples; a pass reads ``size`` tokens."""

    engine: Engine
    case: Case
    questions: int
    size: int = 256
    name: str = "generate_batch"

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions."""
        asked = self.case.asked(questions)
        start = time.perf_counter()
        rows = self.engine.encoder.prompts([prompt.text for prompt in asked])
        said, _ = (self._answer(rows, how) for how in decodings(self.engine))
        seconds = time.perf_counter() - start
        return seconds, {(one.id, one.number): text for one, text in zip(asked, said, strict=True)}

    def _answer(self, rows: list[list[int]], how: GenerationConfig) -> list[str]:
        memory = ContinuousBatchingConfig(
            num_blocks=BLOCKS, page_size=PAGE, max_batch_tokens=self.size, auto_switch_to_flash=False
        )
        given = self.engine.model.generate_batch(
            rows, generation_config=how, continuous_batching_config=memory, warmup=False
        )
        return texts(self.engine, [output.generated_tokens for output in given.values()])


def _cut(order: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def fitted(runner: Generate | GenerateBatch, sizes: Sequence[int]) -> Generate | GenerateBatch:
    """Give a runner that of some sizes with which it answers a few questions fastest, and let its name tell it."""
    few = runner.case.questions.head(min(TRIAL, runner.questions))
    runner.run(few.head(1))
    tried = [replace(runner, size=size) for size in sizes]
    best = min(tried, key=lambda one: one.run(few)[0])
    return replace(best, name=f"{best.name}, size {best.size}")
