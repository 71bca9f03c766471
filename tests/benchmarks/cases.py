"""What everyone is asked: a model, and questions under every exemplar set, decoded the same way."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gradual_learning import labelling, records, splits
from gradual_learning.sampling import Decoding, Prompt

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

    def asked(self, questions: pd.DataFrame) -> list[Prompt]:
        """Put questions behind every exemplar set."""
        return labelling.few_shot_prompts(questions, self.prompts)

    def many(self, count: int) -> pd.DataFrame:
        """Return ``count`` questions, those of the case again and again under ids of their own."""
        repeats = -(-count // len(self.questions))
        copies = [
            self.questions.assign(id=[_renamed(name, n) for name in self.questions["id"]]) for n in range(repeats)
        ]
        return pd.concat(copies, ignore_index=True).head(count)


def _renamed(name: str, number: int) -> str:
    return f"{int(name, 16) ^ number:016x}"


def read(results: Path, name: str, model: Path, count: int) -> Case:
    """Draw ``count`` train questions of a finished run, or all there are, for a model."""
    table = records.read_table(results / "data/questions.parquet", records.QUESTIONS)
    prompts = records.read_table(results / "data/prompts.parquet", records.PROMPTS)
    chosen = splits.choose_questions(table, "train", 0, DECODING.seed)
    drawn = chosen.sample(n=min(count, len(chosen)), random_state=DECODING.seed)
    return Case(name, model, drawn, prompts[prompts["draw"] == 0])
