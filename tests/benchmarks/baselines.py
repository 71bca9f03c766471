"""The baselines from transformers, tuned: ``generate`` and ``generate_batch`` (continuous batching).

Both get the same token ids, stop tokens, decoding and weights as the native engine, and answer with one greedy call and
one call that draws the samples.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from cases import DECODING, SAMPLES, Case, Greedy
from gradual_learning.generation.engine import Engine
from gradual_learning.knowledge.labeling import first_line

TUNING_QUESTIONS = 16  # at most, to find the best size
BLOCKS, PAGE = 1024, 32  # blocks of the cache of ``generate_batch``, and tokens per block


def decodings(engine: Engine) -> tuple[GenerationConfig, GenerationConfig]:
    """Return the settings of the greedy call and of the sampling call."""
    ends = {"eos_token_id": engine.stop_tokens.tolist(), "pad_token_id": engine.encoder.eos_token_id}
    sampled = {"temperature": DECODING.temperature, "top_k": DECODING.top_k, "num_return_sequences": SAMPLES}
    longest = DECODING.max_new_tokens
    return (
        GenerationConfig(do_sample=False, max_new_tokens=longest, **ends),
        GenerationConfig(do_sample=True, max_new_tokens=longest, **ends, **sampled),
    )


def texts(engine: Engine, rows: list[list[int]]) -> list[str]:
    """Return the answers in rows of new tokens."""
    kept = [[token for token in row if token not in engine.end_tokens] for row in rows]
    return [first_line(text) for text in engine.encoder.decode(kept)]


@dataclass
class Generate:
    """``generate`` on batches of ``size`` prompts of similar length, padded on the left."""

    engine: Engine
    case: Case
    questions: int
    size: int = 16
    name: str = "generate"

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions."""
        prompts = self.case.few_shot_prompts(questions)
        start = time.perf_counter()
        greedy = {}
        rows = self.engine.encoder.encode_prompts([prompt.text for prompt in prompts])
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        for batch in _cut(order, self.size):
            answers = self._answer([rows[place] for place in batch])
            for prompt, text in zip([prompts[place] for place in batch], answers, strict=True):
                greedy[prompt.id, prompt.number] = text
        return time.perf_counter() - start, greedy

    def _answer(self, rows: list[list[int]]) -> list[str]:
        longest = max(map(len, rows))
        padded = [[self.engine.encoder.eos_token_id] * (longest - len(row)) + row for row in rows]
        mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
        ids, mask = (torch.tensor(part, device=self.engine.model.device) for part in (padded, mask))
        model = self.engine.model
        whole = [
            model.generate(ids, attention_mask=mask, generation_config=config) for config in decodings(self.engine)
        ]
        greedy, _ = (texts(self.engine, part[:, longest:].tolist()) for part in whole)
        return greedy


@dataclass
class GenerateBatch:
    """``generate_batch`` with paged attention: one call per decoding, ``size`` tokens per forward pass."""

    engine: Engine
    case: Case
    questions: int
    size: int = 256
    name: str = "generate_batch"

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions."""
        prompts = self.case.few_shot_prompts(questions)
        start = time.perf_counter()
        rows = self.engine.encoder.encode_prompts([prompt.text for prompt in prompts])
        greedy, _ = (self._answer(rows, config) for config in decodings(self.engine))
        seconds = time.perf_counter() - start
        return seconds, {(prompt.id, prompt.number): text for prompt, text in zip(prompts, greedy, strict=True)}

    def _answer(self, rows: list[list[int]], config: GenerationConfig) -> list[str]:
        batching = ContinuousBatchingConfig(
            num_blocks=BLOCKS, page_size=PAGE, max_batch_tokens=self.size, auto_switch_to_flash=False
        )
        outputs = self.engine.model.generate_batch(
            rows, generation_config=config, continuous_batching_config=batching, warmup=False
        )
        return texts(self.engine, [output.generated_tokens for output in outputs.values()])


def _cut(order: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def tune(runner: Generate | GenerateBatch, sizes: Sequence[int]) -> Generate | GenerateBatch:
    """Return a runner with the size that answers a few questions fastest; its name includes the size."""
    few = runner.case.questions.head(min(TUNING_QUESTIONS, runner.questions))
    runner.run(few.head(1))
    candidates = [replace(runner, size=size) for size in sizes]
    best = min(candidates, key=lambda candidate: candidate.run(few)[0])
    return replace(best, name=f"{best.name}, size {best.size}")
