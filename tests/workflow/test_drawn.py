"""Figures are drawn of what there is something to draw of."""

import pytest


def test_a_sweep_of_replay_ratios_is_found_by_itself(dry_run, job_counts):
    assert job_counts(dry_run("figures"))["plot_replay"] == 1


@pytest.mark.parametrize(
    "change",
    ["strategies={two_stage_replay: null}", "stages={gradual: {learning_rate_ratio: 0.25}}"],
    ids=["one ratio", "another difference"],
)
def test_there_is_no_sweep_where_strategies_differ_in_more_than_the_ratio(dry_run, job_counts, change):
    assert "plot_replay" not in job_counts(dry_run("figures", "--config", change))
