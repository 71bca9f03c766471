"""Tabulate worked examples of every strategy of two stages or more: upgraded and forgotten questions with answers."""

from dataclasses import dataclass

import pandas as pd

from gradual_learning.evaluation.checkpoints import Design, Files, by_checkpoint, read_knowledge, read_trained_ids
from gradual_learning.evaluation.worked_examples import columns, worked_examples
from gradual_learning.experiment import BASE, checkpoint_name
from gradual_learning.jobs import script
from gradual_learning.tables.files import read_table, write_tsv
from gradual_learning.tables.schemas import EVALUATION, QUESTIONS


@dataclass(frozen=True)
class Split:
    """The files of one split by checkpoint, the base model included."""

    known: Files  # categories
    answers: Files  # zero-shot answers

    def read(self, checkpoint: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Read categories and zero-shot answers under a checkpoint."""
        return read_knowledge(self.known[checkpoint]), read_table(self.answers[checkpoint], EVALUATION)


def main(questions: str, splits: dict[str, Split], data: Files, output: str, design: Design) -> None:
    """Write the table of the first seed; ``data``: the training files by checkpoint."""
    texts = read_table(questions, QUESTIONS)
    seed = design.seeds[0]
    parts = []
    for name, split in splits.items():
        for strategy, chain in design.strategies.items():
            if len(chain) > 1:
                final = checkpoint_name(chain, seed)
                trained = read_trained_ids(data, chain, seed)
                part = worked_examples(texts, split.read(BASE), split.read(final), trained)
                parts.append(part.assign(strategy=strategy, seed=seed, split=name))
    write_tsv(pd.concat(parts, ignore_index=True)[["strategy", "seed", "split", *columns(texts)]], output)


if __name__ == "__main__":
    inputs, params = snakemake.input, snakemake.params.settings
    with script.job(snakemake.log[0]):
        relabeled, finals = [BASE, *params["relabeled"]], [BASE, *params["finals"]]
        main(
            questions=inputs.questions,
            splits={
                "train": Split(
                    known=by_checkpoint(relabeled, [inputs.known_train_base, *inputs.known_train]),
                    answers=by_checkpoint(finals, [inputs.train_base, *inputs.train]),
                ),
                "heldout": Split(
                    known=by_checkpoint(relabeled, [inputs.known_heldout_base, *inputs.known_heldout]),
                    answers=by_checkpoint(finals, [inputs.test_base, *inputs.test]),
                ),
            },
            data=by_checkpoint(params["relabeled"], inputs.data),
            output=snakemake.output.table,
            design=Design.from_params(params),
        )
