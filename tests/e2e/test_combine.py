"""Replicates are made and combined with a finished run by one command; runs that differ are refused by name."""

import json
import shutil
from xml.etree import ElementTree

import pytest
import yaml

from gradual_learning.evaluation.table_values import MEASURES, POOLED
from gradual_learning.tables.files import read_tsv

pytestmark = pytest.mark.slow

SMALLER = {
    "world": {"exposure": {"unread_share": 0}},
    "strategies": {"one_stage_continued": None, "passed_through": None},
    "evaluation": {"relabel": False},
    "comparisons": [["base", "one_stage"], ["one_stage", "two_stage_replay"]],
    "seeds": [4],
}


@pytest.fixture(scope="module")
def combined(snakemake, copy_workflow, tiny, finished, tmp_path_factory):
    """The folder of a workflow that made two worlds and combined them with the finished run."""
    folder = copy_workflow(tmp_path_factory.mktemp("combined") / "workflow")
    replicates = {"alpha": {"world": {"seed": 11}, "seeds": [4, 5]}, "beta": {"pretraining": {"seed": 2}}}
    settings = SMALLER | {"combine": {"replicates": replicates, "results": [str(finished)]}}
    (folder / "two.yaml").write_text(yaml.safe_dump(settings))
    snakemake("--cores", 2, "--configfile", tiny, "two.yaml", cwd=folder)
    return folder


def test_every_effect_has_a_row_for_each_run_and_one_for_all(combined):
    table = read_tsv(combined / "results/tables/combined.tsv")
    assert set(table["run"]) == {"alpha", "beta", "results", POOLED} and set(table["measure"]) == set(MEASURES)
    for _, part in table.groupby(["measure", "baseline", "strategy"]):
        runs, pooled = part[part["run"] != POOLED], part[part["run"] == POOLED].iloc[0]
        assert len(runs) == 3 and runs["effect"].min() <= pooled["effect"] <= runs["effect"].max()
        assert runs["weight"].sum() == pytest.approx(1, abs=1e-4)
        assert pooled["prediction_low"] <= pooled["low"] <= pooled["high"] <= pooled["prediction_high"]


def test_effects_are_those_of_the_tables_of_a_run(combined):
    tables = combined / "results/replicates/alpha/tables"
    table = read_tsv(combined / "results/tables/combined.tsv").query("run == 'alpha'").set_index("measure")
    keys = "baseline == 'one_stage' and strategy == 'two_stage_replay'"
    columns = ["difference", "low", "high"]
    full = read_tsv(tables / "comparisons.tsv").query(keys).set_index("category")
    rows = table.query(keys)
    assert rows.loc["accuracy", ["effect", "low", "high"]].tolist() == full.loc["Full", columns].tolist()
    assert rows.loc["forgetting", "effect"] == -full.loc["HighlyKnown", "difference"]
    assert not (tables / "accuracy.tsv").exists(), "made, though nothing needs it"


def test_summary_figures_and_pages_are_those_of_the_combination(combined):
    results = combined / "results"
    summary = (results / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# Findings over several runs\n") and "`alpha`, `beta` and `results`" in summary
    assert sorted(path.stem for path in (results / "figures").glob("*.png")) == sorted(
        f"combined_{measure}" for measure in MEASURES
    )
    assert ElementTree.parse(results / "figures/combined_accuracy.svg").getroot().tag.endswith("svg")
    assert len(list((results / "pages").glob("*.html"))) == 5
    assert not (results / "knowledge.parquet").exists()


def test_second_command_does_nothing(snakemake, job_counts, combined, tiny):
    assert job_counts(snakemake("--dry-run", "--configfile", tiny, "two.yaml", cwd=combined)) == {}


def changed(folder, target, change):
    """Copy what a combination needs of a run, with a change of its record."""
    (target / "tables").mkdir(parents=True)
    shutil.copy(folder / "tables/effects.tsv", target / "tables")
    record = json.loads((folder / "methods.json").read_text(encoding="utf-8"))
    change(record)
    (target / "methods.json").write_text(json.dumps(record), encoding="utf-8")


def test_runs_made_differently_are_refused_by_name_or_listed(snakemake, combined, tiny):
    alpha, other = combined / "results/replicates/alpha", combined / "other"
    changed(combined / "results/replicates/beta", other, lambda record: record.update(version="0.1.0"))
    settings = SMALLER | {"combine": {"results": [str(alpha), "other"]}, "pathvars": {"results": "again"}}
    (combined / "again.yaml").write_text(yaml.safe_dump(settings))
    command = ["combine", "--cores", 1, "--configfile", tiny, "again.yaml"]
    printed = snakemake(*command, cwd=combined, fails=True)
    assert f"other: other version than {alpha}: version 0.1.0 instead of 0.2.0" in printed
    assert "Traceback" not in printed and not (combined / "again/tables/combined.tsv").exists()
    snakemake(*command, "--config", "combine={allow: [version]}", cwd=combined)
    table = read_tsv(combined / "again/tables/combined.tsv").set_index("run")
    assert set(table.loc["other", "differs"]) == {"version 0.1.0 instead of 0.2.0"}
    assert "`other` differs from `alpha` in version" in (combined / "again/summary.md").read_text(encoding="utf-8")


def test_a_folder_without_a_finished_run_is_named(snakemake, combined, tiny):
    settings = SMALLER | {"combine": {"results": ["results/replicates/alpha", "results/nowhere"]}}
    (combined / "nowhere.yaml").write_text(yaml.safe_dump(settings))
    printed = snakemake("combine", "--dry-run", "--configfile", tiny, "nowhere.yaml", cwd=combined, fails=True)
    assert "combine.results: no methods.json in results/nowhere; finish these runs with this version" in printed
