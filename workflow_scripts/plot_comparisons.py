"""Differences in accuracy between pairs of strategies, and how small ones the design could find."""

from gradual_learning import runtime
from gradual_learning.drawing import strategy_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(strategy_figures.comparisons, [snakemake.input.table], **snakemake.output, **snakemake.params)
