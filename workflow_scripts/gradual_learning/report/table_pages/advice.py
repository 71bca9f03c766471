"""The strategy that validation accuracy chooses, next to its alternatives."""

from gradual_learning.report.wording import INTERVALS, Tables, code, share

CAPTION = (
    "The strategy with the highest validation accuracy, and its alternatives, at the best epoch: folds counts how often"
    " a strategy is chosen when each seed is left out in turn, gain is the difference in test accuracy from the base"
    " model in the row marked reference, difference that from the chosen strategy, and forgotten the share of the test"
    " questions HighlyKnown at base that is not answered. Steps and generations are those of one training run."
    " questions_needed is the number of test questions that would detect a difference of one point with a probability"
    " of 80 %. The row of the left-out seeds holds the test answers of each seed under the strategy that the other"
    f" seeds choose. {INTERVALS}"
)


def finding(tables: Tables) -> str:
    """State which strategy validation chooses, and how many others the test questions do not separate from it."""
    table = tables["advice"]
    chosen = table[table["chosen"]].iloc[0]
    return (
        f"{code(chosen['strategy'])} has the highest validation accuracy, {share(chosen['validation_accuracy'])} of"
        f" {chosen['validation_questions']:,.0f} questions. On the test questions {table['undecided'].sum()} other"
        f" strategies are not significantly different from it; {(table['undecided'] & table['cheaper']).sum()} of them"
        " are cheaper."
    )
