"""What became known, by how often it was stated in pretraining."""

from gradual_learning import runtime
from gradual_learning.drawing import explanation_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(explanation_figures.newly_known, [snakemake.input.table], **snakemake.output, **snakemake.params)
