"""How close the engine is to the minimum cost of its work, and how time and memory grow with the work."""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import torch

import native_engine
from cases import DECODING, SAMPLES, Case
from gradual_learning.generation.engine import Engine
from gradual_learning.models.determinism import prepare_torch

MATRIX_SIZE = 1024  # rows and columns


def matmul_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return the operations per second of a product of two large matrices, the best of 20."""
    left = torch.randn(MATRIX_SIZE, MATRIX_SIZE, device=device, dtype=dtype)
    return 2 * MATRIX_SIZE**3 / min(_seconds(lambda: (left @ left)[0, 0].item()) for _ in range(20))


def shares_of_floor(engine: Engine, case: Case, repeats: int) -> tuple[float, float]:
    """Return the minimum time divided by the measured time, for reading the prompts and for the whole work.

    The minimum is two operations per weight and token that must be read, at the rate of a large matrix product.
    """
    prompts = case.few_shot_prompts(case.questions)
    cost = 2 * native_engine.parameters(engine) / matmul_rate(engine.model.device, engine.model.dtype)
    one = replace(DECODING, max_new_tokens=1)
    prefill = min(_seconds(lambda: list(engine.answer(prompts, one, 0))) for _ in range(repeats))
    engine.tokens_read = engine.tokens_written = 0
    whole = min(_seconds(lambda: list(engine.answer(prompts, DECODING, SAMPLES))) for _ in range(repeats))
    read, written = engine.tokens_read / repeats, engine.tokens_written / repeats
    return cost * read / prefill, cost * (read + written) / whole


def seconds(engine: Engine, case: Case, counts: Sequence[int]) -> list[float]:
    """Return the seconds that full sampling takes for each number of questions."""
    return [_seconds(lambda n=count: native_engine.label(engine, case, case.repeat(n), "full")) for count in counts]


def peaks(case: Case, counts: Sequence[int], chunk_size: int) -> list[float]:
    """Return the peak memory, in MB, of processes that label questions with full sampling.

    Args:
        case: the model and the questions.
        counts: number of questions of each process.
        chunk_size: questions that are labeled together.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        return list(pool.map(_peak, repeat(case), counts, repeat(chunk_size)))


def _peak(case: Case, count: int, chunk_size: int) -> float:
    prepare_torch(1)
    engine, questions = native_engine.engine(case), case.repeat(count)
    for _ in native_engine.label_in_chunks(engine, case, questions, "full", chunk_size):
        pass
    # the peak that getrusage reports for a child starts at the peak of its parent
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
