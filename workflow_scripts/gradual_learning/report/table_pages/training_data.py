"""What each stage trained on."""

from gradual_learning.report.wording import Tables, code

CAPTION = (
    "What each stage trained on, by role, category at base and category at the time of selection, with the formula of"
    " the set: C is the category under the checkpoint from which the stage starts, C0 the category under the base"
    " model."
)


def finding(tables: Tables) -> str:
    """State the sizes of the smallest and the largest training set."""
    table = tables["training_data"]
    sizes = table.groupby(["checkpoint", "seed"])["questions"].sum().groupby("checkpoint").mean().sort_values()
    return (
        f"The training sets of {len(sizes)} stages hold between {sizes.iloc[0]:,.0f} questions ({code(sizes.index[0])})"
        f" and {sizes.iloc[-1]:,.0f} ({code(sizes.index[-1])}), averaged over seeds."
    )
