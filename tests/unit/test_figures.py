"""Figures come out of tables whole, the same byte for byte, for few strategies and many."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from gradual_learning import category_figures, curve_figures, figures, records, style, tables
from gradual_learning.metrics import GAIN, GROUPS
from gradual_learning.records import CATEGORIES
from gradual_learning.runs import RETEST

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


def transition_table(seeds):
    rows = [
        (start, end, seed, "train", before, after, 5 if before == after else 1, 0.5)
        for start, end in [("base", RETEST), ("base", "a"), ("a", "a+b"), ("a", "a+b_replay")]
        for seed, before, after in itertools.product(seeds, CATEGORIES, CATEGORIES)
    ]
    columns = [
        "from_checkpoint",
        "to_checkpoint",
        "seed",
        "split",
        "from_category",
        "to_category",
        "questions",
        "share",
    ]
    return pd.DataFrame(rows, columns=columns)


def curve_table(seeds):
    rows = [
        (
            chain,
            seed,
            chain.rpartition("+")[2],
            epoch,
            4 * epoch,
            0.5,
            0.3 + 0.1 * epoch,
            0.4 + 0.01 * epoch,
            epoch == 1,
        )
        for chain, seed in itertools.product(CHAINS, seeds)
        for epoch in range(3 + int(seed))
    ]
    return pd.DataFrame(rows, columns=["checkpoint", "seed", "stage", *tables.LOG, "best"])


def exposure_table(recalled):
    rows = [(low, high, name, 5, 0.25, recalled) for low, high in [(1, 1), (2, 3), (4, 7)] for name in CATEGORIES]
    columns = ["low_exposure", "high_exposure", "category", "questions", "share", "recalled"]
    return pd.DataFrame(rows, columns=columns)


FEW, MANY = ["one_stage", "two_stage"], [f"strategy_{number}_with_a_rather_long_name" for number in range(13)]
DRAWINGS = {
    "accuracy_few": lambda: figures.accuracy(accuracy_table(FEW), 0.95),
    "accuracy_many": lambda: figures.accuracy(accuracy_table(MANY), 0.9),
    "forgetting_few": lambda: figures.forgetting(forgetting_table(FEW), 0.95),
    "forgetting_many": lambda: figures.forgetting(forgetting_table(MANY), 0.95),
    "gain": lambda: figures.knowledge_gain(gain_table(FEW), 0.95),
    "no_gain": lambda: figures.knowledge_gain(gain_table([]), 0.95),
    "categories": lambda: category_figures.categories(category_table(["1", "2", "mean"])),
    "categories_one_seed": lambda: category_figures.categories(category_table(["1"])),
    "transitions": lambda: category_figures.transitions(transition_table(["1", "2"])),
    "no_transitions": lambda: category_figures.transitions(transition_table([])),
    "curves": lambda: curve_figures.learning_curves(curve_table(["1", "2"])),
    "curves_one_seed": lambda: curve_figures.learning_curves(curve_table(["1"])),
    "curves_nothing_trained": lambda: curve_figures.learning_curves(curve_table(["1"]).assign(train_accuracy=np.nan)),
    "exposure": lambda: category_figures.exposure(exposure_table(0.4)),
    "exposure_without_recall": lambda: category_figures.exposure(exposure_table(np.nan)),
}


@pytest.mark.parametrize(
    "name", ["accuracy_few", "forgetting_few", "gain", "categories", "transitions", "curves", "exposure"]
)
def test_figures_fit_and_are_written_the_same_twice(name, tmp_path):
    written = []
    for copy in ("first", "second"):
        figure = DRAWINGS[name]()
        png, svg = tmp_path / copy / "f.png", tmp_path / copy / "f.svg"
        style.save(figure, str(png), str(svg), dpi=60)
        assert figure.get_figwidth() <= 7.5
        written.append((png.read_bytes(), svg.read_bytes()))
        assert sorted(path.name for path in png.parent.iterdir()) == ["f.png", "f.svg"]
    assert written[0] == written[1]
    assert b"<dc:date>" not in written[0][1]


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_leaves_the_page(name):
    figure = DRAWINGS[name]()
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
    figures.forgetting(records.read_tsv(tmp_path / "t.tsv"), 0.95)
    category_figures.categories(records.read_tsv(tmp_path / "c.tsv"))


def test_twelve_strategies_are_told_apart():
    marks = [style.strategy_mark(place) for place in range(12)]
    assert len({mark["marker"] for mark in marks}) == 12
    assert all(one["color"] != other["color"] for one, other in itertools.pairwise(marks))


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
