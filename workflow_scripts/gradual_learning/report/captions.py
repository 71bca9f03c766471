"""What the report says of each figure and table: how to read it, and what its numbers are in this run."""

from collections.abc import Callable, Mapping

import pandas as pd

from gradual_learning.measures.runs import BASE, FULL, NO_EPOCH, RETEST
from gradual_learning.records import CATEGORIES
from gradual_learning.report.sentences import code, growth, interval, listed, points, share

Frames = Mapping[str, pd.DataFrame]


def accuracy(tables: Frames) -> str:
    """State the accuracy of the base model and of the best and the worst strategy."""
    full = _full(tables["accuracy"])
    best = full[full["epoch"] == "best"].sort_values("accuracy")
    base = _base(full)
    return (
        f"Of {base['questions']:,.0f} test questions the base model answers {_share(base, 'accuracy')}. At the best"
        f" epoch {code(best.iloc[-1]['strategy'])} answers most, {_share(best.iloc[-1], 'accuracy')}, and"
        f" {code(best.iloc[0]['strategy'])} least, {_share(best.iloc[0], 'accuracy')}."
    )


def forgetting(tables: Frames) -> str:
    """State which strategy forgets least and most, and the floor."""
    test = tables["forgetting"].query("split == 'test'")
    best = test[test["epoch"] == "best"].sort_values("forgotten")
    base = _base(test)
    return (
        f"Of {base['highly_known']:,.0f} test questions HighlyKnown at base, {code(best.iloc[0]['strategy'])} leaves"
        f" fewest unanswered at its best epoch, {_share(best.iloc[0], 'forgotten')}, and"
        f" {code(best.iloc[-1]['strategy'])} most, {_share(best.iloc[-1], 'forgotten')}; the base model itself, asked"
        f" zero-shot, {_share(base, 'forgotten')}."
    )


def knowledge_gain(tables: Frames) -> str:
    """State the counts of HighlyKnown questions where they grow most."""
    table = tables["knowledge_gain"].query("split == 'train'").dropna(subset="relative")
    if table.empty:
        return "No train question is HighlyKnown after a first stage."
    most = table.loc[table["relative"].idxmax()]
    return (
        f"{code(most['strategy'])} gains most: of {most['questions']:,} train questions {most['hk_base']:.0f} are"
        f" HighlyKnown under the base model, {most['hk_first']:.0f} after the first stage and {most['hk_final']:.0f}"
        f" after the last, {growth(most['relative'], most['low'], most['high'])} of what the first leaves."
    )


def categories(tables: Frames) -> str:
    """State the shares of the four categories under the base model."""
    base = tables["categories"].set_index(["checkpoint", "split", "category"]).loc[(BASE, "train")]
    shares = listed([f"{share(base.loc[name, 'share'])} {name}" for name in CATEGORIES])
    return f"Under the base model the {base['questions'].sum():,.0f} train questions are {shares}."


def transitions(tables: Frames) -> str:
    """State what share of the train questions changes its category at each stage, and by chance alone."""
    table = tables["transitions"].query("split == 'train'")
    moved = table[table["from_category"] != table["to_category"]]
    steps = ["from_checkpoint", "to_checkpoint"]
    shares = moved.groupby(steps, sort=False)["questions"].sum() / table.groupby(steps, sort=False)["questions"].sum()
    floor = [
        f"{share(value)} by chance alone (the same model labelled twice)"
        for (_, end), value in shares.items()
        if end == RETEST
    ]
    told = [
        f"{share(value)} from {code(start)} to {code(end)}" for (start, end), value in shares.items() if end != RETEST
    ]
    return f"Of the train questions, so many change their category: {listed([*told, *floor])}."


def learning_curves(tables: Frames) -> str:
    """State where the best epochs lie and what they reach."""
    best = tables["learning_curves"].query("best")
    low, high = best["validation_accuracy"].agg(["min", "max"])
    return (
        f"In {len(best)} runs the best epoch lies between {best['epoch'].min()} and {best['epoch'].max()} (median"
        f" {best['epoch'].median():g}), with a validation accuracy from {share(low)} to {share(high)}."
    )


def exposure(tables: Frames) -> str:
    """State recall and mastery at both ends of the exposures."""
    table = tables["exposure"].set_index("category").loc[CATEGORIES[0]].sort_values("low_exposure")
    ends = [
        f"of those stated {row['low_exposure']} to {row['high_exposure']} times, {share(row['recalled'])} are recalled"
        f" as statements and {share(row['share'])} HighlyKnown as questions"
        for _, row in table.iloc[[0, -1]].iterrows()
    ]
    return f"Of the facts asked for, {listed(ends)}."


def relations(tables: Frames) -> str:
    """State on which relations the base model stands best and worst."""
    base = tables["relations"].query("strategy == @BASE").sort_values("accuracy")
    ends = [f"{row['relation']} {_share(row, 'accuracy')}" for _, row in base.iloc[[-1, 0]].iterrows()]
    return f"Of {len(base)} relations the base model answers {ends[0]} best and {ends[1]} least."


def comparisons(tables: Frames) -> str:
    """State the largest and the smallest difference."""
    full = _full(tables["comparisons"]).sort_values("difference")
    if full.empty:
        return "No pairs are compared."
    ends = [
        f"{code(row['strategy'])} against {code(row['baseline'])}, {points(row['difference'])} points"
        f" {interval(row['low'], row['high'])}"
        for _, row in full.iloc[[-1, 0]].iterrows()
    ]
    return f"Of {len(full)} comparisons the most favourable is {ends[0]}, the least favourable {ends[1]}."


def training_data(tables: Frames) -> str:
    """State how many questions the stages train on."""
    table = tables["training_data"]
    sizes = table.groupby(["checkpoint", "seed"])["questions"].sum().groupby("checkpoint").mean().sort_values()
    return (
        f"{len(sizes)} stages train on {sizes.iloc[0]:,.0f} ({code(sizes.index[0])}) to {sizes.iloc[-1]:,.0f} questions"
        f" ({code(sizes.index[-1])})."
    )


def replay(tables: Frames) -> str:
    """State accuracy and forgetting at every ratio of the sweep."""
    full = _full(tables["accuracy"]).query("epoch == 'best'").set_index("strategy")
    lost = tables["forgetting"].query("split == 'test' and epoch == 'best'").set_index("strategy")
    told = [
        f"with ratio {row['ratio']:g}, {_share(full.loc[row['strategy']], 'accuracy')} of the test questions are"
        f" answered and {_share(lost.loc[row['strategy']], 'forgotten')} of the HighlyKnown ones are not"
        for _, row in tables["sweep"].sort_values("ratio").iterrows()
    ]
    return f"At the best epoch, {'; '.join(told)}."


def arms(tables: Frames) -> str:
    """State the order of the arms in full, best first, at both epochs."""
    full = _full(tables["arms"]).sort_values("rank")
    orders = [
        f"{words} {', '.join(f'{row.train_set} {share(row.accuracy, row.low, row.high)}' for row in part.itertuples())}"
        for words, part in (
            ("at the best epoch", full[full["epoch"] == "best"]),
            ("at the last epoch", full[full["epoch"] == "convergence"]),
        )
    ]
    return f"Best first, {' and '.join(orders)}."


def recall(tables: Frames) -> str:
    """State how well the label tells whether a fact is recalled as a statement."""
    full = _full(tables["recall"])
    told = [
        f"{row['questions']:,} {row['split']} facts, of which {_share(row, 'share')} are recalled, by"
        f" {row['auc']:.2f} [{row['auc_low']:.2f}, {row['auc_high']:.2f}]"
        for _, row in full.iterrows()
    ]
    return f"The label tells recalled facts from others, of {listed(told)} (0.5: not at all, 1: always)."


def newly_known(tables: Frames) -> str:
    """State what share of the facts unknown at base became known by each chain of stages, of all exposures."""
    whole = tables["newly_known"].query("split == 'train' and category == 'Unknown'")
    whole = whole[whole["low_exposure"].isna()].set_index("checkpoint")
    names = {RETEST: "the base model labelled again"}
    told = [f"{_share(row, 'share')} under {names.get(name, code(name))}" for name, row in whole.iterrows()]
    return f"Of the train questions Unknown at base, so many are HighlyKnown or MaybeKnown later: {listed(told)}."


def sharing(tables: Frames) -> str:
    """State where upgraded questions share entities with trained ones more than chance would have it, if anywhere."""
    table = tables["sharing"]
    more = table[table["share"] > table["null_high"]]
    return (
        f"In {len(more)} of {len(table)} rows upgraded questions share an entity with trained ones more often than"
        " under the permutations' interval."
    )


def examples(tables: Frames) -> str:
    """State how many examples of each kind are shown."""
    upgraded, forgotten = ((tables["examples"]["kind"] == kind).sum() for kind in ("upgraded", "forgotten"))
    return f"Shown are {upgraded} upgraded and {forgotten} forgotten questions."


def cost(tables: Frames) -> str:
    """State what the whole run took in generations and steps."""
    whole = tables["cost"].query("strategy == 'total' and activity == 'all'").iloc[0]
    return (
        f"The whole run drew {whole['generations']:,.0f} generations and made {whole['steps']:,.0f} optimiser steps;"
        " what strategies share is counted once."
    )


def time(tables: Frames) -> str:
    """State how long all jobs took."""
    whole = tables["time"].query("strategy == 'total' and activity == 'all'").iloc[0]
    return (
        f"All jobs together took {whole['seconds']:,.0f} seconds, and none more than"
        f" {whole['peak_memory_mb']:,.0f} MB of memory."
    )


def _full(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["category"] == FULL]


def _base(table: pd.DataFrame) -> pd.Series:
    return table[(table["strategy"] == BASE) & (table["epoch"] == NO_EPOCH)].iloc[0]


def _share(row: pd.Series, column: str) -> str:
    return share(row[column], row["low"], row["high"])


def findings(subject: str, tables: Frames) -> str:
    """State the numbers of this run on a subject: at the least, how many rows its table has."""
    return FINDINGS[subject](tables) if subject in FINDINGS else f"The table has {len(tables[subject]):,} rows."


FINDINGS: dict[str, Callable[[Frames], str]] = {
    function.__name__: function
    for function in (
        accuracy,
        arms,
        categories,
        comparisons,
        cost,
        examples,
        exposure,
        forgetting,
        knowledge_gain,
        learning_curves,
        newly_known,
        recall,
        relations,
        replay,
        sharing,
        time,
        training_data,
        transitions,
    )
} | {"flow": transitions}
