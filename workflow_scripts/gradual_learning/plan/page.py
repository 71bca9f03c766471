"""The page and the table of a plan: checks, the work of each rule, the run time, and the assumptions."""

import pandas as pd

from gradual_learning.plan.checks import Check, Device
from gradual_learning.plan.counts import SAMPLED_SHARE, UNPRUNED_SHARE, Plan
from gradual_learning.plan.stages import BEST_EPOCH
from gradual_learning.plan.units import format_bytes, format_count, format_duration
from gradual_learning.plan.workload import DISTINCT
from gradual_learning.tables.schemas import CATEGORIES

QUANTITIES = {  # fields of Work: column and unit in the table, heading and format on the page
    "generations": ("generations", 1, "generations", format_count),
    "tokens_read": ("tokens_read", 1, "tokens read", format_count),
    "tokens_written": ("tokens_written", 1, "tokens written", format_count),
    "training_steps": ("training_steps", 1, "training steps", format_count),
    "disk_bytes": ("disk_gb", 1e9, "disk", format_bytes),
    "seconds": ("hours", 3600, "time", format_duration),
}
SAMPLING = {
    "full": "All samples of all prompts are drawn to their end.",
    "pruned": "Samples are drawn only as long as they can still be correct, which leaves "
    f"{UNPRUNED_SHARE:.0%} of their tokens. At most: all tokens.",
    "lazy": f"Samples are drawn for all prompts of an Unknown question and {SAMPLED_SHARE:.0%} of the prompts of a "
    "WeaklyKnown one. At most: for all prompts.",
}


def table(expected: Plan, at_most: Plan) -> pd.DataFrame:
    """Return one row per rule: its jobs, and each quantity as expected and, with the suffix ``_at_most``, at most."""
    frame = expected.work[["jobs"]].copy()
    for field, (column, unit, _, _) in QUANTITIES.items():
        frame[column], frame[f"{column}_at_most"] = expected.work[field] / unit, at_most.work[field] / unit
    return frame.reset_index()


def write(checks: list[Check], expected: Plan, at_most: Plan, device: Device, cores: int) -> str:
    """Return the page in Markdown; its tables also line up on a terminal.

    Args:
        checks: of the model, the questions, the disk and the device.
        expected: the expected work.
        at_most: its upper bound.
        device: what runs the model.
        cores: the number of cores of the workflow.
    """
    found = [(check.name, "yes" if check.passed else "NO", check.found) for check in checks]
    failed = [f"The check of the {check.name} failed: {check.remedy}.\n" for check in checks if not check.passed]
    heading = ("rule", "jobs", *(title for _, _, title, _ in QUANTITIES.values()))
    rows = [_row(str(rule), work) for rule, work in expected.work.iterrows()]
    rows += [_row("**total**", expected.work.sum()), _row("**at most**", at_most.work.sum())]
    lower, upper = (format_duration(plan.run_time(cores, device.gpus)) for plan in (expected, at_most))
    parts = [
        _aligned([("check", "passed", "found"), *found]),
        *failed,
        _aligned([heading, *rows]),
        f"Run time: about {lower}, at most {upper} (--cores {cores}, {device.name}).\n",
        "".join(f"- {sentence}\n" for sentence in assumptions(expected)),
    ]
    return "\n".join(parts)


def assumptions(plan: Plan) -> list[str]:
    """List the assumptions of the expected work in sentences."""
    shares = plan.labels.value_counts(normalize=True).reindex(CATEGORIES, fill_value=0)
    source = "in Gekhman et al. 2024" if plan.known_labels is None else "labeled under the base model"
    return [
        f"Times were measured on this machine with {plan.timings.model}.",
        f"Train questions: {', '.join(f'{share:.0%} {name}' for name, share in shares.items())}, as {source}. Later "
        "stages find as many questions of each category, but other ones.",
        f"Early stopping: the best epoch is epoch {BEST_EPOCH}. At most: all epochs, on all train questions.",
        SAMPLING[plan.workload.sampling],
        f"Answers are as long as the accepted ones ({plan.workload.lengths.answer:.1f} tokens), and {DISTINCT:.0%} of "
        "the samples of a prompt differ. At most: knowledge.max_new_tokens, and all of them.",
        f"A process loads the model in {plan.timings.start:.1f} s.",
        "The time of downloads is not included. Finished jobs are not subtracted.",
    ]


def _row(name: str, work: pd.Series) -> tuple[str, ...]:
    return (name, f"{work['jobs']:.0f}", *(text(work[field]) for field, (_, _, _, text) in QUANTITIES.items()))


def _aligned(rows: list[tuple[str, ...]]) -> str:
    """Format a Markdown table with columns of equal width; the first row is its heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    cells = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
