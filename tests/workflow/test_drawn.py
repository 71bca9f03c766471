"""An experiment has the figures for which it has data."""

import pytest


def test_a_sweep_of_replay_ratios_is_found_automatically(dry_run):
    assert "results/figures/replay.png" in dry_run("figures")


@pytest.mark.parametrize(
    "change",
    ["strategies={two_stage_replay: null}", "stages={gradual: {learning_rate_ratio: 0.25}}"],
    ids=["one ratio", "another difference"],
)
def test_there_is_no_sweep_where_strategies_differ_in_more_than_the_ratio(dry_run, change):
    printed = dry_run("figures", "--config", change)
    assert "results/figures/replay.png" not in printed and "results/figures/accuracy.png" in printed


def test_a_figure_that_the_experiment_lacks_is_no_target(dry_run):
    assert "MissingRuleException" in dry_run("results/figures/category_ranking.png", fails=True)
