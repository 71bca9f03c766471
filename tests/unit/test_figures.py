"""Figures come out of tables whole, the same byte for byte, for few strategies and many."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from gradual_learning import records
from gradual_learning.drawing import (
    category_figures,
    control_figures,
    curve_figures,
    explanation_figures,
    strategy_figures,
    style,
    transition_figures,
)
from gradual_learning.measures import tables
from gradual_learning.measures.metrics import GAIN, GROUPS
from gradual_learning.measures.runs import RETEST
from gradual_learning.records import CATEGORIES

CHAINS = ["a", "a+b", "a+b_replay", "c"]


def points(strategies, seed=0):
    """Give every strategy both epochs and the base model one row, with a value and its interval."""
    keys = [("base", "-"), *itertools.product(strategies, ["best", "convergence"])]
    values = np.sort(np.random.default_rng(seed).random((len(keys), 3)), axis=1)
    return [(*key, low, value, high) for key, (low, value, high) in zip(keys, values, strict=True)]


def accuracy_table(strategies):
    rows = [
        (strategy, epoch, group, 100, 2, value, low, high)
        for number, group in enumerate(GROUPS)
        for strategy, epoch, low, value, high in points(strategies, number)
    ]
    columns = ["strategy", "epoch", "category", "questions", "seeds", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def forgetting_table(strategies):
    rows = []
    for split in ("test", "train"):
        for strategy, epoch, low, value, high in points(strategies):
            fall = (40, value, low, high) if epoch == "best" and strategy != strategies[-1] else (np.nan,) * 4
            rows.append((strategy, epoch, split, 80, 2, value, low, high, 0.1, *fall))
    columns = ["strategy", "epoch", "split", "highly_known", "seeds", "forgotten", "low", "high", "base_unanswered"]
    return pd.DataFrame(rows, columns=[*columns, "p0_questions", "p0_fall", "p0_low", "p0_high"])


def gain_table(strategies):
    row = {name: 100.0 + place for place, name in enumerate(GAIN)} | {"relative": 0.1, "low": -0.1, "high": 0.2}
    empty = {"incremental": np.nan, "inc_low": np.nan, "inc_high": np.nan, "reason": "HK1 - HK0 may be 0"}
    rows = [
        {"split": split, **row, **(empty if place else {}), "strategy": name}
        for split in ("train", "probe")
        for place, name in enumerate(strategies)
    ]
    return pd.DataFrame(rows, columns=["split", *GAIN])


def category_table(seeds):
    rows = [
        (chain, seed, split, category, 25, 0.25, 0.2, 0.3)
        for chain in ["base", *CHAINS[:3]]
        for seed in (["-"] if chain == "base" else seeds)
        for split, category in itertools.product(["train", "probe"], CATEGORIES)
    ]
    return pd.DataFrame(rows, columns=["checkpoint", "seed", "split", "category", "questions", "share", "low", "high"])


def transition_table(chains, seeds):
    """Let a fifth of each category leave it at every stage, in equal parts; the base model is labelled twice."""
    before = {chain: chain.rpartition("+")[0] or "base" for chain in chains}
    rows = [
        (start, end, seed, "train", one, other, 12 if one == other else 1, 0.8 if one == other else 0.2 / 3)
        for start, end in [("base", RETEST), *((before[chain], chain) for chain in chains)]
        for seed, one, other in itertools.product(seeds, CATEGORIES, CATEGORIES)
    ]
    keys = ["from_checkpoint", "to_checkpoint", "seed", "split", "from_category", "to_category"]
    return pd.DataFrame(rows if seeds else [], columns=[*keys, "questions", "share"])


def curve_table(seeds, chains=CHAINS):
    """Let one seed go on longer than another; the first stage holds no WeaklyKnown question."""
    rows = [
        {
            "checkpoint": chain,
            "seed": seed,
            "stage": chain.rpartition("+")[2],
            "epoch": epoch,
            "validation_accuracy": 0.4 + 0.01 * epoch,
            **{
                f"train_accuracy_{name}": 0.3 + 0.1 * epoch
                for name in CATEGORIES
                if "+" in chain or "Weakly" not in name
            },
            "best": epoch == 1,
        }
        for chain, seed in itertools.product(chains, seeds)
        for epoch in range(3 + int(seed))
    ]
    return pd.DataFrame(rows, columns=["checkpoint", "seed", "stage", *tables.LOG, "best"])


def exposure_table(recalled):
    rows = [(low, high, name, 5, 0.25) for low, high in [(1, 1), (2, 3), (4, 7)] for name in CATEGORIES]
    table = pd.DataFrame(rows, columns=["low_exposure", "high_exposure", "category", "questions", "share"])
    return table.assign(recalled=recalled, recalled_low=recalled - 0.1, recalled_high=recalled + 0.1)


def comparison_table(strategies):
    """Compare every strategy with the base model; of one pair neither power nor significance is known."""
    pairs = [("base", name) for name in strategies]
    keys = [(*pair, group) for pair, group in itertools.product(pairs, GROUPS)]
    table = pd.DataFrame(keys, columns=["baseline", "strategy", "category"])
    table = table.assign(difference=0.01, low=-0.01, high=0.03, mde=0.02, adjusted_p=np.nan)
    table.loc[table["category"] == GROUPS[0], "adjusted_p"] = 0.04
    table.loc[table["strategy"].isin(strategies[-1:]), ["mde", "adjusted_p"]] = np.nan
    return table


def arm_table():
    keys = itertools.product([*CATEGORIES, "Natural"], ["best", "convergence"], GROUPS)
    table = pd.DataFrame(keys, columns=["train_set", "epoch", "category"])
    numbers = {"accuracy": 0.4, "low": 0.3, "high": 0.5, "rank": 2, "rank_low": 1, "rank_high": 5}
    return table.assign(**numbers, published=0.436, published_rank=1)


def cost_table(strategies):
    rows = [("base", "pretraining", 0, 900), ("base", "labelling", 250_000, 0), ("total", "training", 2_000_000, 800)]
    rows += [(name, activity, 1000, 70) for name in strategies for activity in ("labelling", "training", "evaluation")]
    rows += [(name, "all", 9, 9) for name in ["base", *strategies, "total"]]
    return pd.DataFrame(rows, columns=["strategy", "activity", "generations", "steps"])


def recall_table(auc):
    rows = [(split, name, 50, 0.5, 0.4, 0.6) for split in ("train", "test") for name in [*CATEGORIES, GROUPS[0]]]
    table = pd.DataFrame(rows, columns=["split", "category", "questions", "share", "low", "high"])
    return table.assign(auc=auc, auc_low=auc, auc_high=auc)


def newly_known_table(chains, categories=("Unknown", "WeaklyKnown")):
    """Give the retest on train alone; the row of all exposures has no bounds."""
    ends = [("train", RETEST), *itertools.product(["train", "probe"], chains)]
    bins = [(1, 1), (2, 3), (4, 127), (np.nan, np.nan)]
    rows = [
        (split, name, end, *ends_of_bin, 0.3)
        for (split, end), name, ends_of_bin in itertools.product(ends, categories, bins)
    ]
    return pd.DataFrame(rows, columns=["split", "category", "checkpoint", "low_exposure", "high_exposure", "share"])


def sharing_table(chains):
    rows = [
        (chain, split, entity, 0.3 if "+" in chain else 0.2, 0.15, 0.25)
        for chain, split, entity in itertools.product(chains, ["train", "probe"], ["answer", "subject"])
    ]
    return pd.DataFrame(rows, columns=["checkpoint", "split", "entity", "share", "null_low", "null_high"])


FEW, MANY = ["one_stage", "two_stage"], [f"strategy_{number}_with_a_rather_long_name" for number in range(27)]
LONG = ["a", *(f"a+stage_{number}_with_a_name" for number in range(19)), "a+b", "a+b+b", "a+b+b+b"]
SINGLE = [f"arm_{number}_with_a_name" for number in range(8)]
SWEEP = {"one_stage": 0.0, "two_stage": 0.2}
DRAWINGS = {
    "accuracy_few": lambda: strategy_figures.accuracy(accuracy_table(FEW), 0.95),
    "accuracy_many": lambda: strategy_figures.accuracy(accuracy_table(MANY), 0.9),
    "forgetting_few": lambda: strategy_figures.forgetting(forgetting_table(FEW), 0.95),
    "forgetting_many": lambda: strategy_figures.forgetting(forgetting_table(MANY), 0.95),
    "gain": lambda: strategy_figures.knowledge_gain(gain_table(FEW), 0.95),
    "gain_many": lambda: strategy_figures.knowledge_gain(gain_table(MANY[:20]), 0.95),
    "no_gain": lambda: strategy_figures.knowledge_gain(gain_table([]), 0.95),
    "categories": lambda: category_figures.categories(category_table(["1", "2", "mean"])),
    "categories_one_seed": lambda: category_figures.categories(category_table(["1"])),
    "transitions": lambda: transition_figures.transitions(transition_table(CHAINS[:3], ["1", "2"])),
    "transitions_many": lambda: transition_figures.transitions(transition_table(LONG, ["1"])),
    "flow": lambda: transition_figures.flow(transition_table(CHAINS[:3], ["1", "2"])),
    "flow_many": lambda: transition_figures.flow(transition_table(LONG, ["1"])),
    "no_flow": lambda: transition_figures.flow(transition_table([], [])),
    "no_transitions": lambda: transition_figures.transitions(transition_table([], [])),
    "curves": lambda: curve_figures.learning_curves(curve_table(["1", "2"])),
    "curves_many": lambda: curve_figures.learning_curves(curve_table(["1", "2"], LONG + SINGLE)),
    "curves_one_seed": lambda: curve_figures.learning_curves(curve_table(["1"])),
    "curves_nothing_trained": lambda: curve_figures.learning_curves(
        curve_table(["1"]).assign(**{f"train_accuracy_{name}": np.nan for name in CATEGORIES})
    ),
    "comparisons": lambda: strategy_figures.comparisons(comparison_table(FEW), 0.95),
    "comparisons_many": lambda: strategy_figures.comparisons(comparison_table(MANY), 0.95),
    "no_comparisons": lambda: strategy_figures.comparisons(comparison_table([]), 0.95),
    "arms": lambda: control_figures.arms(arm_table(), 0.95),
    "cost": lambda: control_figures.cost(cost_table(FEW)),
    "cost_many": lambda: control_figures.cost(cost_table(MANY)),
    "recall": lambda: category_figures.recall(recall_table(0.9), 0.95),
    "recall_without_auc": lambda: category_figures.recall(recall_table(np.nan), 0.95),
    "newly_known": lambda: explanation_figures.newly_known(newly_known_table(CHAINS[:3])),
    "newly_known_many": lambda: explanation_figures.newly_known(newly_known_table(LONG)),
    "newly_known_of_one_category": lambda: explanation_figures.newly_known(newly_known_table(CHAINS[:3], ["Unknown"])),
    "sharing": lambda: explanation_figures.sharing(sharing_table(CHAINS[:3]), 0.95),
    "sharing_many": lambda: explanation_figures.sharing(sharing_table(LONG), 0.95),
    "no_sharing": lambda: explanation_figures.sharing(sharing_table([]), 0.95),
    "replay": lambda: control_figures.replay(accuracy_table(FEW), forgetting_table(FEW), 0.95, SWEEP),
    "exposure": lambda: category_figures.exposure(exposure_table(0.4), 0.95),
    "exposure_without_recall": lambda: category_figures.exposure(exposure_table(np.nan), 0.95),
}


@pytest.mark.parametrize(
    "name", ["accuracy_few", "categories", "transitions", "flow", "curves", "replay", "newly_known", "cost"]
)
def test_figures_are_written_the_same_twice(name, tmp_path):
    written = []
    for copy in ("first", "second"):
        figure = DRAWINGS[name]()
        png, svg = tmp_path / copy / "f.png", tmp_path / copy / "f.svg"
        style.save(figure, str(png), str(svg), dpi=60)
        written.append((png.read_bytes(), svg.read_bytes()))
        assert sorted(path.name for path in png.parent.iterdir()) == ["f.png", "f.svg"]
    assert written[0] == written[1]
    assert b"<dc:date>" not in written[0][1]


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_leaves_the_page(name):
    figure = DRAWINGS[name]()
    assert figure.get_figwidth() == style.WIDTH and figure.get_figheight() <= style.HEIGHT
    figure.draw_without_rendering()
    page = figure.bbox
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    shown = [text for text in shown if text.axes is None or text.axes.axison or text in text.axes.texts]
    for text in shown:
        box = text.get_window_extent()
        inside = page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 and page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1
        outside_scale = text.get_text().replace(style.MINUS, "-").lstrip("-").replace(".", "").isdigit()
        assert inside or outside_scale, text.get_text()  # ticks beyond the limits are laid out, not drawn


def test_figures_survive_the_way_through_a_tsv(tmp_path):
    records.write_tsv(forgetting_table(FEW), tmp_path / "t.tsv")
    records.write_tsv(category_table(["1", "2", "mean"]), tmp_path / "c.tsv")
    strategy_figures.forgetting(records.read_tsv(tmp_path / "t.tsv"), 0.95)
    category_figures.categories(records.read_tsv(tmp_path / "c.tsv"))


def test_thirty_strategies_are_told_apart_and_neighbours_by_marker_and_by_colour():
    marks = [style.strategy_mark(place) for place in range(30)]
    assert len({(mark["marker"], mark["color"]) for mark in marks}) == 30
    for one, other in itertools.pairwise(marks):
        assert one["color"] != other["color"] and one["marker"] != other["marker"]


def test_a_difference_is_told_only_where_interval_and_corrected_test_agree():
    table = comparison_table(["told", "untested", "touching", "corrected_away"])
    table[["low", "adjusted_p"]] = 0.001, np.nan
    full = table["category"] == GROUPS[0]
    table.loc[full, "adjusted_p"] = [0.01, np.nan, 0.01, 0.2]
    table.loc[full & (table["strategy"] == "touching"), "low"] = 0.0
    axes = strategy_figures.comparisons(table, 0.95).axes[0]
    filled, hollow = (line for line in axes.lines if line.get_marker() == "o")
    assert (list(filled.get_ydata()), list(hollow.get_ydata())) == ([0, 1], [2, 3])


def test_strategies_keep_off_the_colours_of_categories():
    assert not set(style.STRATEGY_COLOURS) & set(style.CATEGORY_COLOURS.values())


def test_words():
    assert style.words("one_stage") == "one stage"
    assert style.chain_words("maybe_known+gradual") == f"maybe known {style.ARROW} gradual"
    assert style.category_words("HighlyKnown") == "Highly known"
    assert style.category_words("Unknown") == "Unknown"


def test_a_failed_drawing_leaves_no_file(tmp_path):
    figure = style.new_figure(2, "$broken mathematics \\nosuch$")
    with pytest.raises(ValueError):
        style.save(figure, str(tmp_path / "f.png"), str(tmp_path / "f.svg"), dpi=50)
    assert not list(tmp_path.iterdir())
