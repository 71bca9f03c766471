"""The work that every engine does: a model, and questions under every exemplar set, with the same decoding."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gradual_learning.data import subsets
from gradual_learning.generation.decoding import Decoding, Prompt
from gradual_learning.knowledge import labeling
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS

DECODING = Decoding(seed=1, temperature=0.5, top_k=40, max_new_tokens=8)
SAMPLES = 16
Greedy = dict[tuple[str, int], str]  # by question id and number of the prompt


@dataclass(frozen=True)
class Case:
    """A model in Hugging Face layout, questions in random order, and the prompts of the first draw."""

    name: str
    model: Path
    questions: pd.DataFrame
    prompts: pd.DataFrame

    def few_shot_prompts(self, questions: pd.DataFrame) -> list[Prompt]:
        """Return the prompts of questions: each after every exemplar set."""
        return labeling.few_shot_prompts(questions, self.prompts)

    def repeat(self, count: int) -> pd.DataFrame:
        """Return ``count`` questions: those of the case, repeated with new ids."""
        repeats = -(-count // len(self.questions))
        copies = [self.questions.assign(id=[_new_id(name, n) for name in self.questions["id"]]) for n in range(repeats)]
        return pd.concat(copies, ignore_index=True).head(count)


def _new_id(name: str, number: int) -> str:
    return f"{int(name, 16) ^ number:016x}"


def read(results: Path, name: str, model: Path, count: int) -> Case:
    """Draw ``count`` train questions of a finished run, or all if there are fewer, for a model."""
    table = read_table(results / "data/questions.parquet", QUESTIONS)
    prompts = read_table(results / "data/prompts.parquet", PROMPTS)
    chosen = subsets.choose_questions(table, "train", 0, DECODING.seed)
    drawn = chosen.sample(n=min(count, len(chosen)), random_state=DECODING.seed)
    return Case(name, model, drawn, prompts[prompts["draw"] == 0])
