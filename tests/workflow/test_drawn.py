"""An experiment has the figures and tables for which it has data."""

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


@pytest.mark.parametrize(
    "target", ["figures/category_ranking.png", "tables/category_ranking.tsv", "tables/unknown.tsv"]
)
def test_what_the_experiment_lacks_is_no_target(dry_run, target):
    printed = dry_run(f"results/{target}", fails=True)
    assert "MissingRuleException" in printed and f"No rule to produce results/{target}" in printed


def test_a_combination_of_runs_leaves_the_tables_of_the_experiment_itself_as_targets(dry_run, job_counts):
    combine = "combine={replicates: {a: {world: {seed: 7}}, b: {world: {seed: 8}}}}"
    jobs = job_counts(dry_run("results/tables/relations.tsv", "--config", combine))
    assert jobs["tabulate"] == jobs["pretrain_base_model"] == 1 and not any(rule.startswith("a_") for rule in jobs)
