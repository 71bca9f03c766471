"""Effects of strategies over several runs."""

from gradual_learning.evaluation.table_values import ACCURACY, POOLED
from gradual_learning.report import combination
from gradual_learning.report.wording import Tables

CAPTION = (
    "For each measure and comparison one row per run and one of all runs, combined by a random-effects model: the"
    " effect with its interval, the prediction interval for a new base model, the weight of a run, the standard"
    " deviation between base models (tau) with its interval, I² (i2), and the standard errors due to seeds and to"
    " questions; those of relative changes are on a logarithmic scale. Intervals cover {percent:g} %."
)


def finding(tables: Tables) -> str:
    """State the first mean effect on accuracy, which the configuration lists first."""
    table = tables["combined"]
    rows = table[(table["run"] == POOLED) & (table["measure"] == ACCURACY)]
    return combination.sentence(rows.iloc[0]) if len(rows) else "No strategies are compared."


def details(tables: Tables) -> str:
    """Tabulate where the variation of the effects comes from."""
    return "\n".join(combination.variance_table(tables["combined"]))
