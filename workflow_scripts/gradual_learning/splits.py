"""The labelled splits: which questions a checkpoint is asked to find out what it knows."""

import numpy as np
import pandas as pd

PARTS = {"retest": ["train"], "again": ["train", "probe"]}
TRACKED = 256  # questions trained on that are answered every epoch; enough for a learning curve


def choose_questions(questions: pd.DataFrame, split: str, probe: int, seed: int) -> pd.DataFrame:
    """Return the questions that a labelled split stands for.

    Args:
        questions: columns of ``records.QUESTIONS``.
        split: ``train``, ``test``, ``retest`` (the training questions once more), ``probe`` (a sample of the test) or
            ``again`` (what is asked after every stage: training and probe questions).
        probe: how many test questions the probe takes.
        seed: of that choice, which does not depend on the order of the questions.
    """
    parts = [_part(questions, part, probe, seed) for part in PARTS.get(split, [split])]
    return questions[questions["id"].isin(pd.concat(parts))]


def _part(questions: pd.DataFrame, part: str, probe: int, seed: int) -> pd.Series:
    ids = questions.loc[questions["split"] == ("test" if part == "probe" else part), "id"].sort_values()
    if part != "probe" or len(ids) <= probe:
        return ids
    return pd.Series(np.random.default_rng([seed, 5]).choice(ids.to_numpy(), size=probe, replace=False))
