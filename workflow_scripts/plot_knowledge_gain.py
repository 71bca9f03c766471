"""HighlyKnown questions at base, after one stage and after all stages."""

from gradual_learning import runtime
from gradual_learning.drawing import strategy_figures, style

if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        style.draw(strategy_figures.knowledge_gain, [snakemake.input.table], **snakemake.output, **snakemake.params)
