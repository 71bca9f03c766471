"""Compute the probability that a checkpoint answers correctly, for one shard of the questions."""

from functools import partial

from gradual_learning.jobs import gpus, script
from gradual_learning.knowledge import likelihood, shards
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.tables.schemas import LIKELIHOODS


def main(files: shards.ShardFiles, shard: shards.Shard) -> None:
    """Write the probabilities."""
    shards.write(shard, files, LIKELIHOODS, [], partial(likelihood.score_questions, decoding=shard.decoding))


if __name__ == "__main__":
    params, resources = snakemake.params.settings, snakemake.resources
    with script.job(snakemake.log[0]), gpus.reserve_gpus(resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            files=shards.ShardFiles.from_rule(snakemake.input, snakemake.output.likelihoods),
            shard=shards.Shard.from_params(params, resources.batch_tokens),
        )
