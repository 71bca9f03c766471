"""Accuracy by epoch of every stage."""

from gradual_learning import runtime
from gradual_learning.drawing import curve_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(curve_figures.learning_curves, [snakemake.input.table], **snakemake.output, **snakemake.params)
