"""Questions that became better known and questions that were forgotten."""

import math

from gradual_learning.report.wording import Tables, plain

CAPTION = (
    "Upgraded and forgotten questions with their answers before and after. Of each kind, the first ones by id, which is"
    " a hash: nobody selected them."
)
ROWS = {
    "category": "category",
    "p_greedy": "share of correct few-shot answers",
    "zero_shot": "zero-shot answer",
}
SPLIT_NAMES = {"heldout": "test"}


def finding(tables: Tables) -> str:
    """State how many examples of each kind the table holds."""
    upgraded, forgotten = ((tables["examples"]["kind"] == kind).sum() for kind in ("upgraded", "forgotten"))
    return f"The table shows {upgraded} upgraded and {forgotten} forgotten questions."


def details(tables: Tables) -> str:
    """Show the first example of each strategy and kind in Markdown: a question, its answers before and after."""
    lines: list[str] = []
    for row in tables["examples"].drop_duplicates(["strategy", "kind"]).to_dict("records"):
        split = SPLIT_NAMES.get(row["split"], row["split"])
        lines += [f"### `{row['strategy']}`, {row['kind']}: {plain(row['question'])}", ""]
        lines += [f"Accepted: {plain(row['accepted'])}. No stage trained on this {split} question.", ""]
        lines += ["| | base model | after the last stage |", "|---|---|---|"]
        lines += [
            f"| {words} | {_cell(row[f'{key}_before'])} | {_cell(row[f'{key}_after'])} |" for key, words in ROWS.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(value: object) -> str:
    """Write a value for the cell of a Markdown table; a missing one leaves the cell empty."""
    if isinstance(value, int | float):
        return "" if math.isnan(value) else f"{value:g}"
    return plain(str(value))
