"""Questions that are trained on and never learned: still answered wrong after the training.

Xue et al. 2026 (arXiv 2604.10079) call this incomplete learning. The shares are grouped by what is known of a question
before the training: its category, its exposure, its answer, and what the base model answers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap, jackknife_means
from gradual_learning.evaluation.ground_truth import exposure_bins, look_up
from gradual_learning.evaluation.statistics import ratio
from gradual_learning.evaluation.table_values import EPOCHS, FULL
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.knowledge.normalization import normalize
from gradual_learning.tables.schemas import CATEGORIES

ALL, CATEGORY, EXPOSURE = "all", "category", "exposure"
WORDS, SAME_ANSWER, BASE_ANSWER = "answer_words", "same_answer", "base_answer"
FACTORS = [ALL, CATEGORY, EXPOSURE, WORDS, SAME_ANSWER, BASE_ANSWER]
ONE_WRONG, NO_AGREEMENT, MOSTLY_CORRECT = "one wrong", "no agreement", "mostly correct"
WORD_BINS = {"1": 1, "2": 2, "3": 3, "4+": 4}  # label -> lowest number
SAME_BINS = {"1": 1, "2-3": 2, "4-7": 4, "8-15": 8, "16+": 16}
COLUMNS = ["strategy", "epoch", "factor", "level", "questions", "seeds", "wrong", "low", "high"]

Level = tuple[str, str]  # factor, level
Groups = dict[Level, np.ndarray]  # which questions belong to a level, bool, shape (questions, 1) or (questions, seeds)


def never_learned(
    groups: Groups,
    same_answers: Mapping[str, np.ndarray],
    correct: Mapping[tuple[str, str], np.ndarray],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Tabulate the share of trained questions that are still answered wrong zero-shot.

    Args:
        groups: the levels of all factors that do not depend on the strategy, for the train questions sorted by id.
        same_answers: for each strategy, how many of the questions that it trains on have the relation and the answer of
            a question, itself included; 0 for a question that it does not train on. Whole numbers, (questions, seeds).
        correct: for each (strategy, epoch) which questions are answered correctly, bool, shape (questions, seeds).
        bootstrap: resampling of questions and seeds.

    Returns:
        strategy, epoch, factor (one of :data:`FACTORS`), level, questions (trained on, a mean over seeds), seeds, wrong
        (share of them), low, high (empty where some seeds train on no such question). Levels without a question have no
        row.
    """
    rows: list[tuple] = []
    for strategy, counts in same_answers.items():
        own = _sorted({**groups, **_bins(SAME_ANSWER, counts, SAME_BINS)})
        trained = np.stack([inside & (counts > 0) for inside in own.values()], axis=1)
        wrong = [~correct[strategy, epoch][:, None] for epoch in EPOCHS]
        measures = np.stack([trained, *(trained & part for part in wrong)], axis=-1)
        sums = bootstrap.question_sums(measures.reshape(len(measures), -1).astype(np.int8))
        mean = jackknife_means(sums.reshape(-1, *measures.shape[1:]))
        shares = ratio(mean[..., 1:], mean[..., :1])
        intervals = np.stack(bootstrap.interval_over_seeds(shares, SHARE), axis=-1).round(12)
        for place, epoch in enumerate(EPOCHS):
            for level, questions, values in zip(own, mean[0, 0, :, 0], intervals[:, place], strict=True):
                if questions:
                    rows.append((strategy, epoch, *level, questions, counts.shape[1], *values))
    return pd.DataFrame(rows, columns=COLUMNS)


def question_groups(known: pd.DataFrame, answers: Sequence[Sequence[str]], facts: pd.DataFrame | None) -> Groups:
    """Group questions by category at base, exposure and length of the answer.

    Args:
        known: categories of the questions under the base model, sorted by id.
        answers: the accepted answers of each question; the first one is trained on.
        facts: columns of ``schemas.FACTS``, or None where the exposures are not known.

    Returns:
        All questions, their category, their exposure, and the number of words of the answer, by factor and level.

    Raises:
        UserError: a question belongs to no fact of the world.
    """
    words = np.array([len(normalize(texts[0]).split()) for texts in answers], dtype=np.int64)
    groups: Groups = {(ALL, FULL): np.ones((len(known), 1), dtype=bool)}
    groups |= {(CATEGORY, name): (known["category"] == name).to_numpy()[:, None] for name in CATEGORIES}
    if facts is not None:
        bounds, inside = exposure_bins(look_up(facts, known, "exposures"))
        labels = [str(low) if low == high else f"{low}-{high}" for low, high in bounds]
        groups |= {(EXPOSURE, label): inside[:, [place]] > 0 for place, label in enumerate(labels)}
    return groups | _bins(WORDS, words[:, None], WORD_BINS)


def base_answer_groups(
    few_shot: pd.DataFrame, ids: Sequence[str], accepted: Sequence[Sequence[str]], matcher: AnswerMatcher
) -> Groups:
    """Group questions by what the base model answers greedily under its exemplar sets.

    ``one wrong`` (a conflict): at least half of the sets give the same wrong answer, after normalization; otherwise
    ``mostly correct``: at least half give correct answers; otherwise ``no agreement``. An empty answer is not counted
    as a wrong one.

    Args:
        few_shot: columns id and greedy, one row per question and exemplar set.
        ids: the questions, sorted.
        accepted: the accepted answers of each.
        matcher: decides which answers are correct.
    """
    given = few_shot.assign(greedy=few_shot["greedy"].fillna("").map(normalize)).groupby("id")["greedy"].agg(list)
    levels = [_agreement(given[question], texts, matcher) for question, texts in zip(ids, accepted, strict=True)]
    names = (ONE_WRONG, NO_AGREEMENT, MOSTLY_CORRECT)
    return {(BASE_ANSWER, name): np.array([level == name for level in levels], dtype=bool)[:, None] for name in names}


def _agreement(given: Sequence[str], accepted: Sequence[str], matcher: AnswerMatcher) -> str:
    correct = [answer for answer in given if matcher.matches(answer, accepted)]
    wrong = [answer for answer in given if answer and not matcher.matches(answer, accepted)]
    if wrong and 2 * max(map(wrong.count, wrong)) >= len(given):
        return ONE_WRONG
    return MOSTLY_CORRECT if 2 * len(correct) >= len(given) else NO_AGREEMENT


def same_answer_counts(questions: pd.DataFrame, taught: Sequence[Mapping[str, str]]) -> np.ndarray:
    """Count, for each question that is trained on, those of the same relation that are trained on the same answer.

    Args:
        questions: columns id, relation and answers, sorted by id.
        taught: for each seed the answer that each question is trained on. A question that is trained on an answer
            that it does not accept (``shuffle_answers``) does not count as trained on.

    Returns:
        Whole numbers, shape (questions, seeds); 0 for questions that are not trained on.
    """
    accepted = [set(map(normalize, answers)) for answers in questions["answers"]]
    columns = []
    for answers in taught:
        given = questions["id"].map(answers).fillna("").map(normalize)
        is_taught = np.array([answer in texts for answer, texts in zip(given, accepted, strict=True)], dtype=bool)
        keys = (questions["relation"] + "\n" + given).where(is_taught)
        columns.append(keys.map(keys.value_counts()).fillna(0).to_numpy(dtype=np.int64))
    return np.stack(columns, axis=1)


def _bins(factor: str, numbers: np.ndarray, bins: Mapping[str, int]) -> Groups:
    """Group whole numbers by bins, each from its lowest number to the next one's."""
    ends = [*list(bins.values())[1:], np.inf]
    return {
        (factor, label): (numbers >= low) & (numbers < end)
        for (label, low), end in zip(bins.items(), ends, strict=True)
    }


def _sorted(groups: Groups) -> Groups:
    """Sort levels by factor, and give all of them the same number of seeds."""
    seeds = max(inside.shape[1] for inside in groups.values())
    ordered = sorted(groups, key=lambda level: FACTORS.index(level[0]))
    return {level: np.broadcast_to(groups[level], (len(groups[level]), seeds)) for level in ordered}
