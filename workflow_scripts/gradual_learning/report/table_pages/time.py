"""Seconds and memory of the jobs behind each strategy."""

from gradual_learning.evaluation.table_values import ALL, TOTAL
from gradual_learning.report.wording import Tables

CAPTION = (
    "Run time in seconds and peak memory of the jobs behind each strategy, as measured in this run. One job queries a"
    " checkpoint few-shot, to label the questions, and zero-shot, to evaluate it, and counts for each strategy that"
    " needs either."
)


def finding(tables: Tables) -> str:
    """State the time of all jobs and the most memory that one of them used."""
    table = tables["time"]
    whole = table[(table["strategy"] == TOTAL) & (table["activity"] == ALL)].iloc[0]
    return (
        f"All jobs together took {whole['seconds']:,.0f} seconds; none used more than"
        f" {whole['peak_memory_mb']:,.0f} MB of memory."
    )
