"""Write all questions with their labels under the base model and after every stage as one table."""

from gradual_learning.evaluation.checkpoints import by_checkpoint
from gradual_learning.experiment import BASE
from gradual_learning.export.knowledge import knowledge_table
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_table
from gradual_learning.tables.schemas import KNOWLEDGE, QUESTIONS, labeled_questions


def main(questions: str, labels: dict[str, list[str]], output: str) -> None:
    """Write the table; ``labels``: the files of the labels by checkpoint."""
    tables = {name: [read_table(path, KNOWLEDGE) for path in paths] for name, paths in labels.items()}
    write_table(knowledge_table(read_table(questions, QUESTIONS), tables), labeled_questions(labels), output)


if __name__ == "__main__":
    inputs, checkpoints = snakemake.input, snakemake.params.settings["checkpoints"]
    with script.job(snakemake.log[0]):
        splits = [by_checkpoint(checkpoints, files) for files in (inputs.train, inputs.heldout)]
        after_stages = {name: [files[name] for files in splits] for name in checkpoints}
        main(
            questions=inputs.questions,
            labels={BASE: [inputs.base_train, inputs.base_test], **after_stages},
            output=snakemake.output.knowledge,
        )
