"""What the test questions say about the strategy that validation accuracy chooses, and about its alternatives.

The choice itself uses no test question. But the test answers come from the same training runs as the validation answers
that decided, so a lucky seed counts twice. The row of the left-out seeds is free of this: it holds the test answers of
each seed under the strategy that the other seeds choose.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.accuracy import few_shot_shares
from gradual_learning.evaluation.bootstrap import SHARE, Bootstrap
from gradual_learning.evaluation.checkpoints import category_indicators, group_indicators
from gradual_learning.evaluation.choice import COSTS, Choice
from gradual_learning.evaluation.statistics import combine_p_values, holm_adjust, mcnemar_test, ratio
from gradual_learning.evaluation.table_values import EFFECT, FEW_SHOT, LEFT_OUT, NO_EPOCH
from gradual_learning.experiment import BASE

EPOCHS = {BASE: NO_EPOCH, FEW_SHOT: FEW_SHOT}  # of the rows of the base model; all others are at their best epoch
COLUMNS = ["strategy", "epoch", "chosen", "simplest", "cheaper", "undecided", "reference", "stages", *COSTS]
COLUMNS += ["validation_questions", "validation_accuracy", "folds", "seeds", "questions", "highly_known"]
COLUMNS += ["accuracy", "accuracy_low", "accuracy_high"]
COLUMNS += ["gain", "gain_low", "gain_high", "gain_mde", "gain_questions_needed"]
COLUMNS += ["difference", "difference_low", "difference_high", "mde", "questions_needed", "adjusted_p"]
COLUMNS += ["forgotten", "forgotten_low", "forgotten_high"]
COLUMNS += ["forgotten_more", "forgotten_more_low", "forgotten_more_high"]


def advice(
    known: pd.DataFrame, answers: Mapping[str, np.ndarray], choice: Choice, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Tabulate the chosen strategy, its alternatives, the base model and the left-out seeds.

    Args:
        known: categories of the test questions under the base model (``schemas.KNOWLEDGE``), sorted by id.
        answers: for the base model and each strategy, which test questions are answered correctly at the best epoch,
            bool, shape (questions, seeds).
        choice: the choice by validation accuracy.
        bootstrap: resampling of questions and seeds.

    Returns:
        A row for the base model zero-shot and one few-shot, one for each strategy and, with several seeds, one for the
        left-out seeds. Steps and generations are those of one training run. Of each row

        - folds: how often it is chosen when each seed is left out in turn;
        - accuracy, and gain, its difference from the base model in the row marked ``reference``;
        - difference: of accuracy, from the chosen strategy, with the p-value of McNemar's test adjusted for the number
          of alternatives; ``undecided`` marks alternatives whose interval includes 0;
        - forgotten: the share of the questions HighlyKnown at base that it does not answer, and forgotten_more, its
          difference from the zero-shot base model.

        ``_low`` and ``_high`` bound the intervals. questions_needed is the number of test questions that would detect a
        difference of ``table_values.EFFECT``, as the minimum detectable effect (mde) shrinks with the root of it.
    """
    everything = {**answers, **left_out(answers, choice)}
    shares = _shares(known, everything, bootstrap)
    chosen, reference = choice.chosen(), _reference(shares, bootstrap)
    table = pd.DataFrame([_estimates(name, shares, reference, chosen, bootstrap) for name in shares])
    table["seeds"] = table["strategy"].map({name: correct.shape[1] for name, correct in everything.items()})
    table = table.join(_facts(choice, list(shares)), on="strategy").join(_adjusted_p(answers, chosen), on="strategy")
    is_other = table["strategy"].isin(choice.stages.index) & (table["strategy"] != chosen)
    table["undecided"] = is_other & (table["difference_low"] <= 0) & (table["difference_high"] >= 0)
    table["questions"], table["highly_known"] = len(known), int(category_indicators(known)[:, 0].sum())
    table["reference"] = table["strategy"] == reference
    for effect, needed in (("mde", "questions_needed"), ("gain_mde", "gain_questions_needed")):
        table[needed] = np.ceil(len(known) * (table[effect] / EFFECT) ** 2)
    table["epoch"] = table["strategy"].map(EPOCHS).fillna("best")
    return table.replace({"strategy": {FEW_SHOT: BASE}})[COLUMNS]


def needs_examples(zero_shot_high: float, few_shot_low: float) -> bool:
    """Return whether the base model is significantly more accurate few-shot, by the bounds of both intervals.

    Without exemplars it then misses the format of an answer, and only its few-shot accuracy is a fair reference.
    """
    return few_shot_low > zero_shot_high


def left_out(answers: Mapping[str, np.ndarray], choice: Choice) -> dict[str, np.ndarray]:
    """Collect the answers of each seed under the strategy that the other seeds choose; nothing for one seed."""
    names = choice.without_each_seed().values()
    columns = [answers[name][:, place] for place, name in enumerate(names)]
    return {LEFT_OUT: np.stack(columns, axis=1)} if columns else {}


def _shares(known: pd.DataFrame, answers: Mapping[str, np.ndarray], bootstrap: Bootstrap) -> dict[str, np.ndarray]:
    """Compute the shares of all questions and of HighlyKnown ones that are answered: shape (folds, rows, 2) each.

    The few-shot base model comes second, under the name ``few-shot``; of its answers, those of all exemplar sets count.
    """
    groups = group_indicators(category_indicators(known))[:, :2].astype(np.int64)
    means, sizes = bootstrap.group_means(groups, answers)
    shares = {name: ratio(part, sizes) for name, part in means.items()}
    return {BASE: shares.pop(BASE), FEW_SHOT: few_shot_shares(known, groups, bootstrap)[None], **shares}


def _reference(shares: Mapping[str, np.ndarray], bootstrap: Bootstrap) -> str:
    """Return the name of the base model that is the fair reference: zero-shot, or few-shot where format matters."""
    _, _, zero_shot_high = bootstrap.interval(shares[BASE][0, :, 0])
    _, few_shot_low, _ = bootstrap.interval(shares[FEW_SHOT][0, :, 0])
    return FEW_SHOT if needs_examples(float(zero_shot_high), float(few_shot_low)) else BASE


def _estimates(
    name: str, shares: Mapping[str, np.ndarray], reference: str, chosen: str, bootstrap: Bootstrap
) -> dict[str, object]:
    """Estimate everything about one row that has an interval."""
    accuracy, remembered = np.moveaxis(shares[name], -1, 0)
    differences = {
        "gain": accuracy - shares[reference][..., 0],
        "difference": accuracy - shares[chosen][..., 0],
        "forgotten_more": shares[BASE][..., 1] - remembered,
    }
    intervals = {key: bootstrap.interval_over_seeds(values) for key, values in differences.items()}
    for key, values in {"accuracy": accuracy, "forgotten": 1 - remembered}.items():
        intervals[key] = bootstrap.interval_over_seeds(values, SHARE)
    row: dict[str, object] = {"strategy": name}
    for key, interval in intervals.items():
        row |= dict(zip((key, f"{key}_low", f"{key}_high"), map(float, interval), strict=True))
    effects = {"gain_mde": differences["gain"], "mde": differences["difference"]}
    return row | {key: float(bootstrap.minimum_detectable_effect(values)) for key, values in effects.items()}


def _facts(choice: Choice, names: Sequence[str]) -> pd.DataFrame:
    """Tabulate by name what needs no interval: validation accuracy, folds, stages, costs and flags."""
    folds, table = choice.without_each_seed(), choice.costs.reindex(names)
    counts = pd.Series(list(folds.values()), dtype=object).value_counts().reindex(choice.stages.index, fill_value=0)
    table["folds"] = counts if folds else np.nan
    table["stages"] = choice.stages
    table["validation_questions"] = choice.questions
    table["validation_accuracy"] = choice.correct.mean(axis=1) / choice.questions
    flags = {"chosen": [choice.chosen()], "simplest": [choice.simplest()], "cheaper": choice.cheaper()}
    return table.assign(**{flag: table.index.isin(marked) for flag, marked in flags.items()})


def _adjusted_p(answers: Mapping[str, np.ndarray], chosen: str) -> pd.Series:
    """Compare every other strategy with the chosen one by McNemar's test, adjusted for their number.

    The p-values of seeds are combined as in :func:`~gradual_learning.evaluation.comparisons.comparisons`.
    """
    others = [name for name in answers if name not in (BASE, chosen)]
    columns = [zip(answers[chosen].T, answers[name].T, strict=True) for name in others]
    p_values = [combine_p_values([mcnemar_test(*pair)[2] for pair in pairs]) for pairs in columns]
    return pd.Series(holm_adjust(p_values), others, name="adjusted_p", dtype=float)
