"""Write the model of the best seed of a strategy, merged or as an adapter, with its tokenizer and a model card."""

import os

from gradual_learning.evaluation.checkpoints import by_checkpoint
from gradual_learning.experiment import checkpoint_name, prefixes
from gradual_learning.export.strategy import StrategyExport
from gradual_learning.jobs import script
from gradual_learning.models.determinism import prepare_torch

if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params.settings
    with script.job(snakemake.log[0]):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the job reserves no GPU
        prepare_torch(params["torch_threads"])
        finals = [checkpoint_name(params["chain"], seed) for seed in params["seeds"]]
        passed = [checkpoint_name(part, seed) for part in prefixes(params["chain"]) for seed in params["seeds"]]
        export = StrategyExport(
            finals=by_checkpoint(finals, inputs.finals),
            evaluations=by_checkpoint(finals, inputs.evaluations),
            summaries=by_checkpoint(passed, inputs.summaries),
            files={
                "model": inputs.model,
                "questions": inputs.questions,
                "tables": inputs.tables,
                "model_source": None if params["model"]["source"] == "pretrain" else inputs.model_source,
                "data_source": inputs.data_source or None,
            },
            params=params,
        )
        export.write(snakemake.output.model)
