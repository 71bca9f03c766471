"""The plan as a page and as a table: what is there, what each rule will take, and on which assumptions."""

import pandas as pd

from gradual_learning.plan.prerequisites import Check, bytes_told, quantity
from gradual_learning.plan.workload import Amount, Work, summed

HEAD = ("rule", "jobs", "generations", "tokens read", "tokens written", "training steps", "disk", "time")


COLUMNS = {  # of the table, and in what unit
    "generations": ("generations", 1),
    "tokens_read": ("tokens_read", 1),
    "tokens_written": ("tokens_written", 1),
    "training_steps": ("training_steps", 1),
    "disk_bytes": ("disk_gb", 1e9),
    "seconds": ("hours", 3600),
}


def table(work: list[Work]) -> pd.DataFrame:
    """Return one row a rule: its jobs, and every amount as expected and at most."""
    rows = []
    for part in work:
        row = {"rule": part.rule, "jobs": part.jobs}
        for name, (column, unit) in COLUMNS.items():
            amount = getattr(part, name)
            row |= {column: amount.expected / unit, f"{column}_at_most": amount.at_most / unit}
        rows.append(row)
    return pd.DataFrame(rows)


def duration(seconds: float) -> str:
    """Write seconds as people say them."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.0f} s"


def write(checks: list[Check], work: list[Work], wall: Amount, place: str, assumptions: list[str]) -> str:
    """Return the page: checks first, then the work of every rule, then what the numbers rest on.

    Args:
        checks: what must be there.
        work: what each rule comes to.
        wall: seconds from beginning to end.
        place: on which machine, with how many cores.
        assumptions: one sentence each.
    """
    found = [(check.name, "yes" if check.passed else "NO", check.found) for check in checks]
    remedies = [f"What to do about {check.name}: {check.remedy}." for check in checks if not check.passed]
    everything = summed(work)
    rows = [_row(part.rule, part, "expected") for part in work]
    rows += [_row("**together**", everything, "expected"), _row("**at most**", everything, "at_most")]
    lines = [
        *_aligned(("needed", "there", "what was found"), found),
        "",
        *([*remedies, ""] if remedies else []),
        *_aligned(HEAD, rows),
        "",
        f"From beginning to end about {duration(wall.expected)}, at most {duration(wall.at_most)}: {place}.",
        "",
        *(f"- {sentence}" for sentence in assumptions),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, part: Work, bound: str) -> tuple[str, ...]:
    counts = (part.generations, part.tokens_read, part.tokens_written, part.training_steps)
    disk, seconds = getattr(part.disk_bytes, bound), getattr(part.seconds, bound)
    return (name, str(part.jobs), *(quantity(getattr(n, bound)) for n in counts), bytes_told(disk), duration(seconds))


def _aligned(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Write a Markdown table whose columns also line up on a terminal."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return [line(head), line(tuple("-" * width for width in widths)), *map(line, rows)]
