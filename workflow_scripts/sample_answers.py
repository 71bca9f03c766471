"""Ask a checkpoint one shard of the questions under every exemplar set."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from gradual_learning import gpus, journal, labelling, normalising, progress, records, runtime, shards


def main(paths: dict, shard: shards.Shard, mode: str, samples: int) -> None:
    def label(
        engine: labelling.Answerer,
        questions: pd.DataFrame,
        prompts: pd.DataFrame,
        size: int,
        work: Path,
        told: progress.Progress,
    ) -> Iterator[pd.DataFrame]:
        kept = journal.Journal(engine, work, told.answer)
        may_become = normalising.may_become if mode == "pruned" else None
        return labelling.label(
            kept, questions, prompts, shard.decoding, samples, mode == "lazy", size, may_become, told.finish
        )

    shards.write(shard, paths, records.ANSWERS, [mode, samples], label)


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]), gpus.claimed(snakemake.resources.get("gpu", 0)):
        runtime.prepare_torch(params.torch_threads)
        main(
            paths=shards.paths_of(snakemake.input, snakemake.output.answers),
            shard=shards.Shard.from_rule(params, snakemake.resources.batch_tokens),
            mode=params.mode,
            samples=params.samples,
        )
