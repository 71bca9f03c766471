"""Answer one shard of the questions few-shot, with a checkpoint, under every exemplar set."""

from gradual_learning.jobs import gpus, script
from gradual_learning.knowledge import shards
from gradual_learning.knowledge.labeling import Estimator
from gradual_learning.models.determinism import prepare_torch


def main(files: shards.ShardFiles, shard: shards.Shard, estimator: Estimator) -> None:
    """Write the answers, sampled or scored by the estimator."""
    shards.write(shard, files, estimator, shards.open_engine(shard, files.model, files.checkpoint))


if __name__ == "__main__":
    params, resources = snakemake.params.settings, snakemake.resources
    with script.job(snakemake.log[0]), gpus.reserve_gpus(resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            files=shards.ShardFiles.from_rule(snakemake.input, snakemake.params, snakemake.output.few_shot),
            shard=shards.Shard.from_params(params, resources.batch_tokens),
            estimator=shards.find_estimator(params),
        )
