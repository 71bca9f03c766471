"""Answer one shard of the questions with a trained checkpoint, zero-shot and few-shot, in one process."""

from dataclasses import replace

from gradual_learning.jobs import gpus, script
from gradual_learning.knowledge import shards
from gradual_learning.knowledge.labeling import Estimator, answer_zero_shot, join_epochs
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import ZERO_SHOT


def main(
    files: shards.ShardFiles, last: str, shard: shards.Shard, estimator: Estimator, prompt: str, zero_shot: str
) -> None:
    """Write both tables; only the best epoch, which ``files`` has, is queried few-shot.

    Zero-shot answers come first: they are few, while few-shot answers survive a kill.
    """
    questions = shards.read_questions(replace(shard, split="at_base"), files.questions)
    engine = shards.open_engine(shard, files.model, last)
    answers = {"last": answer_zero_shot(engine, questions, prompt, shard.decoding)}
    engine = shards.open_engine(shard, files.model, files.checkpoint)
    answers["best"] = answer_zero_shot(engine, questions, prompt, shard.decoding)
    write_table(join_epochs(answers), ZERO_SHOT, zero_shot)
    shards.write(shard, files, estimator, engine)


if __name__ == "__main__":
    params, inputs, resources = snakemake.params.settings, snakemake.input, snakemake.resources
    with script.job(snakemake.log[0]), gpus.reserve_gpus(resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            files=shards.ShardFiles.from_rule(inputs, snakemake.params, snakemake.output.few_shot),
            last=inputs.last,
            shard=shards.Shard.from_params(params, resources.batch_tokens),
            estimator=shards.find_estimator(params),
            prompt=params["prompt"],
            zero_shot=snakemake.output.zero_shot,
        )
