"""Labels, colors and markers."""

import itertools

import numpy as np

import example_tables as tables
from gradual_learning.evaluation.table_values import FULL
from gradual_learning.figures import comparisons, style
from gradual_learning.figures.shared_strategies import strategy_marker


def test_thirty_strategies_are_distinct_and_neighbors_differ_in_marker_and_color():
    marks = [strategy_marker(position) for position in range(84)]
    assert len({(mark["marker"], mark["color"]) for mark in marks}) == 84
    for one, other in itertools.pairwise(marks):
        assert one["color"] != other["color"] and one["marker"] != other["marker"]


def test_strategies_have_none_of_the_colors_of_categories():
    assert not set(style.STRATEGY_COLORS) & set(style.CATEGORY_COLORS.values())


def test_a_difference_is_significant_only_where_interval_and_corrected_test_agree():
    table = tables.comparisons(["significant", "untested", "touching", "corrected_away"])
    table[["low", "adjusted_p"]] = 0.001, np.nan
    full = table["category"] == FULL
    table.loc[full, "adjusted_p"] = [0.01, np.nan, 0.01, 0.2]
    table.loc[full & (table["strategy"] == "touching"), "low"] = 0.0
    axes = comparisons.draw(table, 0.95).axes[0]
    filled, hollow = (line for line in axes.lines if line.get_marker() == "o")
    assert filled.get_markerfacecolor() == style.BLUE and hollow.get_markerfacecolor() == "white"
    assert (list(filled.get_ydata()), list(hollow.get_ydata())) == ([0, 1], [2, 3])


def test_labels():
    assert style.label("one_stage") == "one stage"
    assert style.chain_label("maybe_known+gradual") == f"maybe known {style.ARROW} gradual"
    assert style.category_label("HighlyKnown") == "Highly known"
    assert style.category_label("Unknown") == "Unknown"
    assert style.range_label(4, 7) == f"4{style.DASH}7" and style.range_label(1, 1) == "1"
    assert style.interval_label(0.975) == "97.5 % interval"


def test_rows_grow_with_the_lines_of_their_labels():
    assert style.row_height(["one", "two"], 0.24) == 0.24
    assert style.row_height(["one", "two\nlines"], 0.24) > 0.24
    assert style.row_height(["three\nwhole\nlines"], 0.24) > style.row_height(["two\nlines"], 0.24)
