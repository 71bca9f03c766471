"""The subsets of the questions that a model is labeled on."""

import numpy as np
import pandas as pd

PARTS = {"at_base": ["train", "test"], "relabel": ["train"], "after_stage": ["train", "heldout"]}
TRACKED = 256  # train questions answered after every epoch; enough for a learning curve


def choose_questions(questions: pd.DataFrame, split: str, heldout: int, seed: int) -> pd.DataFrame:
    """Return the questions of a split.

    Args:
        questions: columns of ``schemas.QUESTIONS``.
        split: ``train``, ``dev``, ``test``, ``heldout`` (a sample of the test questions), ``relabel`` (the train
            questions again), ``at_base`` (train and test questions) or ``after_stage`` (train and held-out questions).
        heldout: number of held-out questions.
        seed: of that sample, which does not depend on the order of the questions.
    """
    parts = [_ids(questions, part, heldout, seed) for part in PARTS.get(split, [split])]
    return questions[questions["id"].isin(pd.concat(parts))]


def _ids(questions: pd.DataFrame, part: str, heldout: int, seed: int) -> pd.Series:
    ids = questions.loc[questions["split"] == ("test" if part == "heldout" else part), "id"].sort_values()
    if part != "heldout" or len(ids) <= heldout:
        return ids
    return pd.Series(np.random.default_rng([seed, 5]).choice(ids.to_numpy(), size=heldout, replace=False))
