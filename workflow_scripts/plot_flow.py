"""The flow of questions between categories from stage to stage."""

from gradual_learning import runtime
from gradual_learning.drawing import style, transition_figures

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(transition_figures.flow, [snakemake.input.table], **snakemake.output, **snakemake.params)
