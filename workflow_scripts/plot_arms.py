"""Test accuracy by the category trained on, beside the published numbers."""

from gradual_learning import runtime
from gradual_learning.drawing import control_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(control_figures.arms, [snakemake.input.table], **snakemake.output, **snakemake.params)
