"""Accuracy and forgetting against the share of HighlyKnown questions that are replayed."""

from gradual_learning import runtime
from gradual_learning.drawing import control_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(control_figures.replay, snakemake.input.tables, **snakemake.output, **snakemake.params)
