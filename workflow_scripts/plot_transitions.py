"""Transitions between categories, beside the base model labelled twice."""

from gradual_learning import runtime
from gradual_learning.drawing import style, transition_figures

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(transition_figures.transitions, [snakemake.input.table], **snakemake.output, **snakemake.params)
