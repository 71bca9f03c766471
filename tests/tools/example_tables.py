"""Example tables of every figure, for few strategies and for many."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gradual_learning.evaluation.combination import COLUMNS as COMBINED_COLUMNS
from gradual_learning.evaluation.entity_sharing import GAIN_COLUMNS
from gradual_learning.evaluation.table_values import ACTIVITIES, FULL, GROUPS, LEFT_OUT, MEASURES, POOLED, RELABELED
from gradual_learning.tables.schemas import CATEGORIES

FEW, MANY = ["one_stage", "two_stage"], [f"strategy_{number}_with_a_rather_long_name" for number in range(27)]
CHAINS = ["a", "a+b", "a+b_replay", "c"]
LONG_CHAINS = ["a", *(f"a+stage_{number}_with_a_name" for number in range(19)), "a+b", "a+b+b", "a+b+b+b"]
SINGLE_STAGES = [f"stage_{number}_with_a_name" for number in range(8)]
SWEEP = {"one_stage": 0.0, "two_stage": 0.2}


def _points(strategies: Sequence[str], seed: int = 0) -> list[tuple[str, str, float, float, float]]:
    """Give every strategy both epochs and the base model one row, with a value between the bounds of its interval."""
    keys = [("base", "-"), *itertools.product(strategies, ["best", "last"])]
    values = np.sort(np.random.default_rng(seed).random((len(keys), 3)), axis=1)
    return [(*key, value, low, high) for key, (low, value, high) in zip(keys, values, strict=True)]


def accuracy(strategies: Sequence[str]) -> pd.DataFrame:
    rows = [
        (strategy, epoch, group, 100, 2, *values)
        for number, group in enumerate(GROUPS)
        for strategy, epoch, *values in _points(strategies, number)
    ]
    rows += [("base", "few-shot", group, 100, 1, 0.99, 0.98, 1) for group in GROUPS]
    columns = ["strategy", "epoch", "category", "questions", "seeds", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def advice(strategies: Sequence[str], few_shot: bool = False) -> pd.DataFrame:
    """Choose the first of several strategies; the base model is compared zero-shot or few-shot."""
    generator = np.random.default_rng(3)
    names = ["base", "base", *strategies, LEFT_OUT]
    table = pd.DataFrame({"strategy": names, "epoch": ["-", "few-shot", *["best"] * (len(names) - 2)]})
    is_trained = table["strategy"].isin(strategies)
    table["accuracy"] = np.where(is_trained, 0.3, 0.27) + 0.005 * generator.standard_normal(len(names))
    table["forgotten"] = np.where(table["epoch"] == "few-shot", 0, 0.11 + 0.01 * generator.standard_normal(len(names)))
    table["steps"] = np.where(is_trained, generator.integers(90, 900, len(names)), 0)
    table["generations"] = 100 * table["steps"]
    bounds = {"accuracy": 0.015, "forgotten": 0.02, "gain": 0.01, "difference": 0.01, "forgotten_more": 0.03}
    table = table.assign(gain=0.03, difference=0.0, forgotten_more=-0.01, mde=0.02, gain_mde=0.02, adjusted_p=1.0)
    table = table.assign(**{f"{key}_low": table[key] - reach for key, reach in bounds.items()})
    table = table.assign(**{f"{key}_high": table[key] + reach for key, reach in bounds.items()})
    table.loc[1, ["forgotten_low", "forgotten_high"]] = 0.0
    table["validation_accuracy"] = np.where(is_trained, 0.34 - 0.001 * np.arange(len(names)), np.nan)
    flags = {
        "chosen": strategies[:1],
        "simplest": strategies[1:2],
        "cheaper": strategies[1:2],
        "undecided": strategies[1:],
    }
    table = table.assign(**{flag: table["strategy"].isin(marked) for flag, marked in flags.items()})
    table["reference"] = table["epoch"] == ("few-shot" if few_shot else "-")
    table["stages"], table["folds"] = np.where(is_trained, 1.0, np.nan), np.where(table["chosen"], 5.0, 0.0)
    sizes = {"questions": 3192, "highly_known": 692, "validation_questions": 1318, "seeds": 5}
    return table.assign(**sizes, questions_needed=12768.0, gain_questions_needed=12768.0)


def forgetting(strategies: Sequence[str]) -> pd.DataFrame:
    """Leave the drop of the last strategy empty, which was not relabeled."""
    rows = []
    for split in ("test", "train"):
        for strategy, epoch, *values in _points(strategies):
            drop = (40, *values) if epoch == "best" and strategy != strategies[-1] else (np.nan,) * 4
            rows.append((strategy, epoch, split, 80, 2, *values, 0.1, *drop))
    columns = ["strategy", "epoch", "split", "highly_known", "seeds", "forgotten", "low", "high", "base_unanswered"]
    columns += ["p_greedy_questions", "p_greedy_drop", "p_greedy_low", "p_greedy_high"]
    return pd.DataFrame(rows, columns=columns)


def knowledge_gain(strategies: Sequence[str]) -> pd.DataFrame:
    """Leave the incremental gain of all strategies but the first one undefined."""
    counts = [f"highly_known_{when}{end}" for when in ("base", "first", "final") for end in ("", "_low", "_high")]
    gains = ["incremental", "incremental_low", "incremental_high"]
    row = {"questions": 1000, "seeds": 2, "relative": 0.1, "low": -0.1, "high": 0.2, "highly_known_relabel": 103}
    row |= {name: 100.0 + number for number, name in enumerate(counts)}
    rows = [
        {"split": split, "strategy": name, **row, **dict.fromkeys(gains, np.nan if number else 0.3)}
        for split in ("train", "heldout")
        for number, name in enumerate(strategies)
    ]
    return pd.DataFrame(rows, columns=["split", "strategy", *row, *gains])


def categories(seeds: Sequence[str]) -> pd.DataFrame:
    rows = [
        (chain, seed, split, category, 25, 0.25, 0.2, 0.3)
        for chain in ["base", *CHAINS[:3]]
        for seed in (["-"] if chain == "base" else seeds)
        for split, category in itertools.product(["train", "heldout"], CATEGORIES)
    ]
    return pd.DataFrame(rows, columns=["checkpoint", "seed", "split", "category", "questions", "share", "low", "high"])


def transitions(chains: Sequence[str], seeds: Sequence[str]) -> pd.DataFrame:
    """Let a fifth of each category leave it at every stage, in equal parts; the base model is labeled twice."""
    steps = [("base", RELABELED), *((chain.rpartition("+")[0] or "base", chain) for chain in chains)]
    rows = [
        (start, end, seed, "train", one, other, 12 if one == other else 1, 0.8 if one == other else 0.2 / 3)
        for start, end in steps
        for seed, one, other in itertools.product(seeds, CATEGORIES, CATEGORIES)
    ]
    keys = ["from_checkpoint", "to_checkpoint", "seed", "split", "from_category", "to_category"]
    return pd.DataFrame(rows, columns=[*keys, "questions", "share"])


def learning_curves(seeds: Sequence[str], chains: Sequence[str] = CHAINS) -> pd.DataFrame:
    """Let one seed train longer than another; the first stage holds no WeaklyKnown question."""
    rows = [
        {
            "checkpoint": chain,
            "seed": seed,
            "stage": chain.rpartition("+")[2],
            "epoch": epoch,
            "validation_accuracy": 0.4 + 0.01 * epoch,
            **{
                f"train_accuracy_{name}": 0.3 + 0.1 * epoch if "+" in chain or name != "WeaklyKnown" else np.nan
                for name in CATEGORIES
            },
            "best": epoch == 1,
        }
        for chain, seed in itertools.product(chains, seeds)
        for epoch in range(3 + int(seed))
    ]
    return pd.DataFrame(rows)


def exposure(recalled: float, lowest: int = 0) -> pd.DataFrame:
    bins = [(low, high) for low, high in [(0, 0), (1, 1), (2, 3), (4, 7)] if low >= lowest]
    rows = [(low, high, name, 5, 0.25) for low, high in bins for name in CATEGORIES]
    table = pd.DataFrame(rows, columns=["low_exposure", "high_exposure", "category", "questions", "share"])
    return table.assign(recalled=recalled, recalled_low=recalled - 0.1, recalled_high=recalled + 0.1)


def comparisons(strategies: Sequence[str]) -> pd.DataFrame:
    """Compare every strategy with the base model; of the last pair neither power nor significance is known."""
    keys = [("base", name, group) for name, group in itertools.product(strategies, GROUPS)]
    table = pd.DataFrame(keys, columns=["baseline", "strategy", "category"])
    table = table.assign(difference=0.01, low=-0.01, high=0.03, mde=0.02, adjusted_p=np.nan)
    table.loc[table["category"] == FULL, "adjusted_p"] = 0.04
    table.loc[table["strategy"].isin(strategies[-1:]), ["mde", "adjusted_p"]] = np.nan
    return table


def category_ranking() -> pd.DataFrame:
    keys = itertools.product([*CATEGORIES, "Natural"], ["best", "last"], GROUPS)
    table = pd.DataFrame(keys, columns=["train_set", "epoch", "category"])
    numbers = {"accuracy": 0.4, "low": 0.3, "high": 0.5, "rank": 2, "rank_low": 1.975, "rank_high": 5}
    return table.assign(**numbers, published=0.436, published_rank=1)


def cost(strategies: Sequence[str]) -> pd.DataFrame:
    pretraining, _, labeling, training, _ = ACTIVITIES
    rows = [("base", pretraining, 0, 900), ("base", labeling, 250_000, 0), ("total", training, 2_000_000, 800)]
    rows += [(name, activity, 1000, 70) for name in strategies for activity in ACTIVITIES[2:]]
    rows += [(name, "all", 9, 9) for name in ["base", *strategies, "total"]]
    return pd.DataFrame(rows, columns=["strategy", "activity", "generations", "steps"])


def recall(auc: float, with_unread: bool = True) -> pd.DataFrame:
    """Give unread facts rows of their own, or leave them out."""
    keys = itertools.product(("train", "test"), (False, True)[: 1 + with_unread], [*CATEGORIES, FULL])
    rows = [(split, unread, name, 50, *((0.1, 0, 0.2) if unread else (0.5, 0.4, 0.6))) for split, unread, name in keys]
    table = pd.DataFrame(rows, columns=["split", "unread", "category", "questions", "share", "low", "high"])
    return table.assign(auc=auc, auc_low=auc, auc_high=auc)


def newly_known(chains: Sequence[str], categories: Sequence[str] = ("WeaklyKnown", "Unknown")) -> pd.DataFrame:
    """Give the relabeled base model on train alone; the row of all exposures has no bounds."""
    ends = [("train", RELABELED), *itertools.product(["train", "heldout"], chains)]
    bins = [(0, 0), (1, 1), (2, 3), (4, 127), (np.nan, np.nan)]
    rows = [
        (split, name, end, *bounds, 0.3, 0.2, 0.4)
        for (split, end), name, bounds in itertools.product(ends, categories, bins)
    ]
    keys = ["split", "category", "checkpoint", "low_exposure", "high_exposure"]
    return pd.DataFrame(rows, columns=[*keys, "share", "low", "high"])


def sharing(chains: Sequence[str]) -> pd.DataFrame:
    rows = [
        (chain, split, entity, 0.3 if "+" in chain else 0.2, 0.15, 0.25)
        for chain, split, entity in itertools.product(chains, ["train", "heldout"], ["answer", "subject"])
    ]
    return pd.DataFrame(rows, columns=["checkpoint", "split", "entity", "share", "null_low", "null_high"])


def never_learned(strategies: Sequence[str], with_exposure: bool = True) -> pd.DataFrame:
    """Give every level the same share; one level has few questions, one strategy trains on a single category."""
    levels = {"all": ["Full"], "category": CATEGORIES, "exposure": ["0", "1", "2-3", "64-511"][: 4 * with_exposure]}
    levels |= {"answer_words": ["1", "2", "4+"], "same_answer": ["1", "2-3", "16+"]}
    levels |= {"base_answer": ["one wrong", "no agreement", "mostly correct"]}
    rows = [
        (strategy, epoch, factor, level, 5 if level == "4+" else 40, 2, 0.2, 0.1, 0.3)
        for strategy, epoch in itertools.product(strategies, ["best", "last"])
        for factor, names in levels.items()
        for level in (names[1:2] if factor == "category" and strategy == strategies[0] else names)
    ]
    keys = ["strategy", "epoch", "factor", "level", "questions", "seeds"]
    return pd.DataFrame(rows, columns=[*keys, "wrong", "low", "high"])


def trained_answers(strategies: Sequence[str]) -> pd.DataFrame:
    """Compare every strategy with the base model; the difference of the last one may be none."""
    rows = [
        ("base", name, answer, questions, 2, 0.1, 0.05, 0.15, gain + 0.01 * number, 0.0, 0.1, 0.6, 0.4, 0.8)
        for number, name in enumerate(strategies)
        for answer, questions, gain in (("trained", 250.0, 0.03), ("not trained", 750.0, 0.02))
    ]
    table = pd.DataFrame(rows, columns=GAIN_COLUMNS)
    table.loc[table["strategy"].isin(strategies[-1:]), ["share", "share_low", "share_high"]] = np.nan
    return table


def combined(strategies: Sequence[str], runs: Sequence[str] = ("a", "b", "c")) -> pd.DataFrame:
    """Compare every strategy with the base model; the effect of the last pair is not defined in the last run."""
    keys = itertools.product(MEASURES, ["base"], strategies, [*runs, POOLED])
    table = pd.DataFrame(keys, columns=["measure", "baseline", "strategy", "run"])
    table = table.assign(effect=0.01, low=-0.01, high=0.03, seeds=2, questions=100, weight=1 / len(runs))
    table.loc[table["strategy"].isin(strategies[-1:]) & (table["run"] == runs[-1]), ["effect", "low", "high"]] = np.nan
    pooled = {"prediction_low": -0.02, "prediction_high": 0.04, "tau": 0.01, "tau_low": 0, "tau_high": 0.02, "i2": 0.4}
    pooled |= {"runs": len(runs), "seed_error": 0.003, "question_error": 0.002}
    table = table.assign(**{name: np.where(table["run"] == POOLED, value, np.nan) for name, value in pooled.items()})
    return table.reindex(columns=COMBINED_COLUMNS)
