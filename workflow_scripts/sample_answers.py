"""Sample the answers of a checkpoint to one shard of the questions under every exemplar set."""

from functools import partial

from gradual_learning.jobs import gpus, script
from gradual_learning.knowledge import shards
from gradual_learning.knowledge.sampling import sample_answers
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.tables.schemas import ANSWERS


def main(files: shards.ShardFiles, shard: shards.Shard, samples: int, sampling: str) -> None:
    """Write the answers.

    Args:
        files: inputs and output.
        shard: which questions are queried, and how.
        samples: sampled answers per prompt.
        sampling: full, lazy or pruned; see :mod:`gradual_learning.knowledge.sampling`.
    """
    compute = partial(sample_answers, decoding=shard.decoding, samples=samples, sampling=sampling)
    shards.write(shard, files, ANSWERS, [sampling, samples], compute)


if __name__ == "__main__":
    params, resources = snakemake.params.settings, snakemake.resources
    with script.job(snakemake.log[0]), gpus.reserve_gpus(resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            files=shards.ShardFiles.from_rule(snakemake.input, snakemake.output.answers),
            shard=shards.Shard.from_params(params, resources.batch_tokens),
            samples=params["samples_per_prompt"],
            sampling=params["sampling"],
        )
