"""Category shares by how often a fact was stated in pretraining."""

from gradual_learning import runtime
from gradual_learning.drawing import category_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(category_figures.exposure, [snakemake.input.table], **snakemake.output, **snakemake.params)
