"""Compute how likely a checkpoint answers one shard of the questions correctly under every exemplar set."""

from functools import partial

from gradual_learning import gpus, likelihood, records, runtime, shards


def main(paths: dict, shard: shards.Shard) -> None:
    shards.write(shard, paths, records.LIKELIHOODS, [], partial(likelihood.label, decoding=shard.decoding))


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        runtime.prepare_torch(params.torch_threads)
        main(
            paths=shards.paths_of(snakemake.input, snakemake.output.likelihoods),
            shard=shards.Shard.from_rule(params, snakemake.resources.batch_tokens),
        )
