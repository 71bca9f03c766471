"""Entities that upgraded questions share with trained ones, over what chance gives."""

from gradual_learning import runtime
from gradual_learning.drawing import explanation_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(explanation_figures.sharing, [snakemake.input.table], **snakemake.output, **snakemake.params)
