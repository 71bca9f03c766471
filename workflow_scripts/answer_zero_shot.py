"""Answer one shard of the train and test questions zero-shot, with the best and the last epoch of a checkpoint."""

from gradual_learning.jobs import gpus, script
from gradual_learning.knowledge import shards
from gradual_learning.knowledge.labeling import answer_zero_shot, join_epochs
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.tables.files import write_table
from gradual_learning.tables.schemas import ZERO_SHOT


def main(
    model: str, epochs: dict[str, str | None], questions_file: str, shard: shards.Shard, prompt: str, output: str
) -> None:
    """Write the answers; ``epochs``: best and last -> folder of the checkpoint, None for the base model."""
    questions = shards.read_questions(shard, questions_file)
    answers = {
        epoch: answer_zero_shot(shards.open_engine(shard, model, checkpoint), questions, prompt, shard.decoding)
        for epoch, checkpoint in epochs.items()
    }
    write_table(join_epochs(answers), ZERO_SHOT, output)


if __name__ == "__main__":
    params, inputs, resources = snakemake.params.settings, snakemake.input, snakemake.resources
    with script.job(snakemake.log[0]), gpus.reserve_gpus(resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        main(
            model=inputs.model,
            epochs={"best": inputs.checkpoint or None} | ({"last": inputs.last} if inputs.last else {}),
            questions_file=inputs.questions,
            shard=shards.Shard.from_params(params, resources.batch_tokens),
            prompt=params["prompt"],
            output=snakemake.output.zero_shot,
        )
