"""How far the engine is from what its work must cost, and how time, memory and labels behave as the work changes."""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import torch

import ours
from cases import DECODING, SAMPLES, Case
from gradual_learning import runtime
from gradual_learning.sampling import Engine

SIDE = 1024  # of the matrices that the machine's rate is measured on


def matmul_rate(device: torch.device) -> float:
    """Return operations a second of a product of two large fp32 matrices, the best of some."""
    left = torch.randn(SIDE, SIDE, device=device)
    return 2 * SIDE**3 / min(_seconds(lambda: (left @ left)[0, 0].item()) for _ in range(20))


def shares_of_floor(engine: Engine, case: Case, repeats: int) -> tuple[float, float]:
    """Return how much of the least time that reading the prompts, and the whole, can take is reached.

    The least is two operations a weight for every token that must be read, at the rate of a large matrix product.
    """
    asked = case.asked(case.questions)
    cost = 2 * ours.parameters(engine) / matmul_rate(engine.model.device)
    one = replace(DECODING, max_new_tokens=1)
    prefill = min(_seconds(lambda: list(engine.answer(asked, one, 0))) for _ in range(repeats))
    engine.tokens_read = engine.tokens_written = 0
    whole = min(_seconds(lambda: list(engine.answer(asked, DECODING, SAMPLES))) for _ in range(repeats))
    read, written = engine.tokens_read / repeats, engine.tokens_written / repeats
    return cost * read / prefill, cost * (read + written) / whole


def seconds(engine: Engine, case: Case, counts: Sequence[int]) -> list[float]:
    """Return the seconds that labelling so many questions in full takes."""
    return [_seconds(lambda n=count: ours.label(engine, case, case.many(n), "full")) for count in counts]


def peaks(case: Case, counts: Sequence[int], budget: int) -> list[float]:
    """Return the peak of the memory, in MB, of processes that label so many questions in full.

    Args:
        case: what is asked.
        counts: how many questions each process labels.
        budget: tokens of a forward pass.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        return list(pool.map(_peak, repeat(case), counts, repeat(budget)))


def _peak(case: Case, count: int, budget: int) -> float:
    runtime.prepare_torch(1)
    engine, questions = ours.engine(case, budget=budget), case.many(count)
    for _ in ours.labelled(engine, case, questions, "full"):
        pass
    # the peak that getrusage tells of a child begins with that of its parent
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
