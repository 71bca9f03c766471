"""How many inputs the fuzz tests try: a few, always the same, or as many as the options request, from new seeds."""

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

BATCH = 1000  # inputs that one search of Hypothesis remembers
_MEMORY = Path("/dev/shm")  # a file system without a disk, where there is one
_QUIET = settings(deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
_counts: Counter[tuple[str, str]] = Counter()  # (test, read or refused)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many inputs each test has tried."""
    for name in sorted({name for name, _ in _counts}):
        terminalreporter.write_line(f"{name}: {_counts[name, 'read']:,} read, {_counts[name, 'refused']:,} refused")


@pytest.fixture
def fuzz(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Try inputs of a strategy on a check, which returns whether the input was read (true) or refused (false).

    ``share`` is the part of the inputs of this kind that the test takes in the long tier, ``few`` their number in the
    short one.
    """

    def run(kind: str, share: float, strategy: SearchStrategy, check: Callable[[Any], bool], few: int = 40) -> None:
        def counted(example: Any) -> None:
            _counts[request.node.name, "read" if check(example) else "refused"] += 1

        requested = request.config.getoption(f"--fuzz-{kind}")
        total = few if requested is None else round(share * requested)
        first = 0 if requested is None else request.config.getoption("--fuzz-seed")
        first = random.randrange(1 << 32) if first is None else first
        print(f"--fuzz-seed {first}")  # shown when the test fails
        for number, start in enumerate(range(0, total, BATCH)):
            budget = settings(_QUIET, max_examples=min(BATCH, total - start))
            budget(seed(first + number)(given(strategy)(counted)))()

    return run


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty folder, in memory where that is possible: a file is written and removed for every input."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)
