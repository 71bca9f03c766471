"""Test accuracy by strategy, in full and by category at base."""

from gradual_learning import runtime
from gradual_learning.drawing import strategy_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(strategy_figures.accuracy, [snakemake.input.table], **snakemake.output, **snakemake.params)
