"""Facts of a simulated world, with categories and recall that rise with exposure."""

import numpy as np
import pandas as pd

from gradual_learning.tables.schemas import CATEGORIES
from knowledge_tables import MAYBE, knowledge, ordered


def random_facts(count: int = 240) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Draw facts (in random order), the categories of their questions, and fact recall."""
    generator = np.random.default_rng(7)
    exposures = np.exp(generator.uniform(0, 5, count)).astype(int)
    skill = np.log2(exposures) + generator.normal(0, 1, count)
    known = ordered(knowledge(np.array(CATEGORIES[::-1])[np.clip(skill // 2, 0, 3).astype(int)]))
    facts = pd.DataFrame({"id": known["id"], "exposures": exposures}).sample(frac=1, random_state=1)
    return facts, known, pd.DataFrame({"id": known["id"], "correct": skill + generator.normal(0, 1, count) > 3})


def raised_at_random(known: pd.DataFrame, seeds: int) -> list[pd.DataFrame]:
    """Raise 30 % of the questions to MaybeKnown, with each seed others."""
    generator = np.random.default_rng(8)
    raised = [generator.random(len(known)) < 0.3 for _ in range(seeds)]
    return [ordered(knowledge(np.where(chosen, MAYBE, known["category"].astype(str)))) for chosen in raised]
