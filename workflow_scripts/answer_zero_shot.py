"""Answer the test and the train questions zero-shot, with the best and the last epoch of a checkpoint."""

from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import open_engine
from gradual_learning.jobs import gpus, script
from gradual_learning.knowledge import labeling
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import QUESTIONS, ZERO_SHOT


def main(
    model: str,
    outputs: dict[str | None, dict[str, str]],
    questions: str,
    prompt: str,
    decoding: Decoding,
    batch_tokens: int,
    loading: Loading,
    chat_template: bool,
) -> None:
    """Write the answers; ``outputs``: for each checkpoint (None: the base model) a file per split."""
    table = read_table(questions, QUESTIONS)
    encoder = Encoder(load_tokenizer(model), chat_template)
    for checkpoint, files in outputs.items():
        engine = open_engine(model, checkpoint, loading, encoder, batch_tokens)
        for split, path in files.items():
            part = table[table["split"] == split]
            write_table(labeling.answer_zero_shot(engine, part, prompt, decoding), ZERO_SHOT, path)


if __name__ == "__main__":
    params, inputs, paths = snakemake.params.settings, snakemake.input, snakemake.output
    with script.job(snakemake.log[0]), gpus.reserve_gpus(snakemake.resources.get("gpu", 0)):
        prepare_torch(params["torch_threads"])
        outputs: dict[str | None, dict[str, str]] = {inputs.best or None: {"test": paths.test, "train": paths.train}}
        if inputs.last:
            outputs[inputs.last] = {"test": paths.last_test, "train": paths.last_train}
        main(
            model=inputs.model,
            outputs=outputs,
            questions=inputs.questions,
            prompt=params["prompt"],
            decoding=Decoding(max_new_tokens=params["max_new_tokens"]),
            batch_tokens=snakemake.resources.batch_tokens,
            loading=Loading(params["dtype"], params["quantization"]),
            chat_template=params["chat_template"],
        )
