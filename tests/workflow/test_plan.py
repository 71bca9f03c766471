"""What a run consists of: the jobs of each target, for the default experiment and the others."""

import re

import pytest

SEEDS, STRATEGIES = 5, 4
LABELLED = 4 * SEEDS  # maybe_known and the three second stages


def test_default_experiment(dry_run, job_counts, root):
    jobs = job_counts(dry_run())
    assert jobs["finetune"] == jobs["select_training_data"] == STRATEGIES * SEEDS
    assert jobs["answer_zero_shot"] == jobs["evaluate_checkpoint"] == STRATEGIES * SEEDS
    assert jobs["categorize_knowledge"] == 4 + 2 * LABELLED
    assert jobs["sample_answers"] == 3 + LABELLED, "train, test and retest at base; train and probe in one go later"
    assert "download_dataset" not in jobs
    shown = {path.stem for path in root.glob("workflow_scripts/*.py") if path.stem.startswith(("plot_", "tabulate_"))}
    assert shown - set(jobs) == {"tabulate_arms", "plot_arms"}, "the default experiment has no arms"
    assert all(jobs[rule] == 1 for rule in jobs if rule.startswith(("plot_", "tabulate_", "evaluate_base", "recall_")))


def test_chances_are_computed_in_place_of_sampling(dry_run, job_counts):
    drawn, scored = job_counts(dry_run()), job_counts(dry_run("--config", "knowledge={estimator: likelihood}"))
    assert scored.pop("score_answers") == drawn.pop("sample_answers") and scored == drawn


@pytest.mark.parametrize("target", ["results/figures/forgetting.png", "forgetting"])
def test_forgetting_is_a_target_of_its_own(dry_run, job_counts, target):
    jobs = job_counts(dry_run(target))
    assert {rule for rule in jobs if rule.startswith("plot_")} == {"plot_forgetting"}
    assert "tabulate_accuracy" not in jobs and jobs["finetune"] == STRATEGIES * SEEDS


def test_shared_chains_are_computed_once(dry_run, job_counts):
    target = "results/checkpoints/maybe_known+{}/seed1/best"
    one = job_counts(dry_run(target.format("gradual")))
    both = job_counts(dry_run(target.format("gradual"), target.format("gradual_replay")))
    assert one["finetune"] == 2 and both["finetune"] == 3
    assert one["sample_answers"] == both["sample_answers"]


def test_continued_stage_waits_for_its_sibling(dry_run, job_counts):
    jobs = job_counts(dry_run("results/checkpoints/maybe_known+continued/seed2/best"))
    assert jobs["finetune"] == 3, "the first stage, the sibling whose steps are counted, the stage itself"


@pytest.mark.parametrize(("third", "siblings"), [("continued", 1), ("gradual", 0)])
def test_three_stages_work_as_two(dry_run, job_counts, third, siblings):
    strategies = f"strategies={{three: [maybe_known, gradual, {third}], one_stage: null}}"
    jobs = job_counts(dry_run("--config", strategies, "seeds=[1]"))
    assert jobs["finetune"] == STRATEGIES + 1 + siblings  # one_stage is on the way to the others
    assert jobs["categorize_knowledge"] == 4 + 2 * 5


def test_retest_can_be_switched_off(dry_run, job_counts):
    assert job_counts(dry_run("--config", "evaluation={retest: false}"))["categorize_knowledge"] == 3 + 2 * LABELLED


def test_single_stage_strategies_need_no_second_labelling(dry_run, job_counts):
    gone = "one_stage_continued: null, two_stage: null, two_stage_replay: null"
    jobs = job_counts(dry_run("--config", f"strategies={{{gone}}}"))
    assert jobs["categorize_knowledge"] == 4
    assert not {"plot_knowledge_gain", "plot_transitions"} & set(jobs)


def test_missing_archive_is_named(dry_run):
    printed = dry_run("--config", "data={source: entity_questions, path: no/such.zip}", fails=True)
    assert "data.path: there is no no/such.zip" in printed


def test_unknown_stage_in_a_target_is_named(dry_run):
    printed = dry_run("results/checkpoints/maybe_knwon/seed1/best", fails=True)
    assert "'maybe_knwon'" in printed and "'maybe_known'" in printed


def test_base_is_nothing_to_train(dry_run):
    assert "MissingRuleException" in dry_run("results/checkpoints/base/best", fails=True)


def test_results_can_be_put_elsewhere(dry_run):
    printed = dry_run("elsewhere/figures/accuracy.svg", "--config", "pathvars={results: elsewhere}")
    assert "elsewhere/world/documents.parquet" in printed and " results/" not in printed


COMMON = {"**asking(": "mem_mb= runtime=", "**ASKED": "torch_threads="}  # what rules take from a definition they share


def test_every_rule_is_complete(root):
    named = set()
    for file in root.glob("rules/*.smk"):
        for name, text in re.findall(
            r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(encoding="utf-8"), re.MULTILINE
        ):
            named.add(name)
            text += "".join(parts for common, parts in COMMON.items() if common in text)
            for part in ("lib=library", "log:", "conda:", "threads:", "mem_mb=", "runtime=", "message:"):
                assert part in text, f"rule {name} lacks {part}"
            assert ("benchmark:" in text) == ("output:" in text), f"rule {name}: Snakemake counts benchmarks as outputs"
            assert f'library("{name}")' in text and f"/workflow_scripts/{name}.py" in text
            assert ("torch_threads=" in text) == ("envs/llm.yaml" in text and "fetch" not in name), name
    assert named == {path.stem for path in root.glob("workflow_scripts/*.py")}, "a script without a rule"
