"""A small simulated world: its facts, the documents that state them, questions about them, and few-shot prompts."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from gradual_learning.data import cleaning, prompts, simulation


@dataclass(frozen=True)
class World:
    facts: pd.DataFrame
    documents: pd.DataFrame
    questions: pd.DataFrame
    prompts: pd.DataFrame

    @property
    def train(self) -> pd.DataFrame:
        return self.questions[self.questions["split"] == "train"]


def simulate(people: int, shares: Mapping[str, float], **exemplars: int) -> World:
    """Simulate a world with these shares of the splits; ``exemplars``: how many, for ``draw_exemplars``."""
    facts = simulation.split_subjects(simulation.invent_facts(people, seed=1), shares, seed=1)
    taught, opening = simulation.Taught(0.1, 8), simulation.Opening(16, 0.3)
    facts = simulation.expose(facts, simulation.Exposure(0, 1, 24, 0.5), taught, opening, seed=1)
    facts = simulation.with_ids(facts)
    documents = simulation.write_documents(facts, num_templates=2, opening_share=0.3, seed=1)
    policy = {"multiple_answers": "any", "max_answer_words": None, "relations": [], "shares": shares, "limits": {}}
    questions, _ = cleaning.prepare(simulation.to_questions(facts), seed=1, **policy)
    dev = questions[questions["split"] == "dev"]
    return World(facts, documents, questions, prompts.draw_exemplars(dev, **exemplars, seed=1))
