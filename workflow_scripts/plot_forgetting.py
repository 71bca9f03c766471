"""Share of HighlyKnown questions that each strategy forgets, and the fall of their P0."""

from gradual_learning import runtime
from gradual_learning.drawing import strategy_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(strategy_figures.forgetting, [snakemake.input.table], **snakemake.output, **snakemake.params)
