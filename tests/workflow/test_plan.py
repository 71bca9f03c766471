"""The jobs of a run: how many each target needs, for the default experiment and with changed settings."""

import re

import pytest

SEEDS, STRATEGIES = 5, 4
RELABELED = 4 * SEEDS  # maybe_known and the three second stages


def test_default_experiment(dry_run, job_counts, root):
    jobs = job_counts(dry_run())
    assert jobs["finetune"] == jobs["select_training_data"] == STRATEGIES * SEEDS
    assert jobs["answer_zero_shot"] == jobs["evaluate_checkpoint"] == STRATEGIES * SEEDS
    assert jobs["categorize_knowledge"] == 4 + 2 * RELABELED
    assert jobs["sample_answers"] == 3 + RELABELED, "train, test and relabel at base; train and heldout together later"
    assert "download_dataset" not in jobs
    tables = {path.stem for path in root.glob("workflow_scripts/tabulate_*.py")}
    assert tables - set(jobs) == {"tabulate_category_ranking"}, "the default experiment ranks no training sets"
    assert all(jobs[rule] == 1 for rule in jobs if rule.startswith(("tabulate_", "evaluate_base", "measure_")))


def test_likelihoods_are_computed_in_place_of_sampling(dry_run, job_counts):
    sampled, computed = job_counts(dry_run()), job_counts(dry_run("--config", "knowledge={estimator: likelihood}"))
    assert computed.pop("compute_likelihoods") == sampled.pop("sample_answers") and computed == sampled


@pytest.mark.parametrize("target", ["results/figures/forgetting.png", "forgetting"])
def test_forgetting_is_a_target_of_its_own(dry_run, job_counts, target):
    printed = dry_run(target)
    jobs = job_counts(printed)
    assert jobs["plot"] == 1 and "results/figures/forgetting.png" in printed
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


def test_relabeling_can_be_switched_off(dry_run, job_counts):
    assert job_counts(dry_run("--config", "evaluation={relabel: false}"))["categorize_knowledge"] == 3 + 2 * RELABELED


def test_single_stage_strategies_need_no_second_labeling(dry_run, job_counts):
    removed = "one_stage_continued: null, two_stage: null, two_stage_replay: null"
    jobs = job_counts(dry_run("--config", f"strategies={{{removed}}}"))
    assert jobs["categorize_knowledge"] == 4
    assert not {"tabulate_knowledge_gain", "tabulate_transitions"} & set(jobs)


def test_missing_archive_is_named(dry_run):
    printed = dry_run("--config", "data={source: entity_questions, path: no/such.zip}", fails=True)
    assert "data.path: there is no no/such.zip" in printed


def test_unknown_stage_in_a_target_is_named(dry_run):
    printed = dry_run("results/checkpoints/maybe_knwon/seed1/best", fails=True)
    assert "there is no stage 'maybe_knwon'; did you mean maybe_known?" in printed


def test_the_base_model_is_no_target_of_training(dry_run):
    assert "MissingRuleException" in dry_run("results/checkpoints/base/best", fails=True)


def test_results_can_go_to_another_folder(dry_run):
    printed = dry_run("elsewhere/figures/accuracy.svg", "--config", "pathvars={results: elsewhere}")
    assert "elsewhere/world/documents.parquet" in printed and " results/" not in printed


def rules_of(root):
    """Return the text of every rule that has a script, by name."""
    texts = [file.read_text(encoding="utf-8") for file in root.glob("rules/*.smk")]
    blocks = [block for text in texts for block in re.split(r"^ *(?=(?:use )?rule \w)", text, flags=re.MULTILINE)]
    return {block.split(":")[0].removeprefix("rule "): block for block in blocks if block.startswith("rule ")}


def test_every_rule_is_complete(root):
    rules = rules_of(root)
    for name, text in rules.items():
        for part in ("code=", "log:", "conda:", "resources:", "message:"):
            assert part in text, f"rule {name} lacks {part}"
        assert ("benchmark:" in text) == ("output:" in text), f"rule {name}: Snakemake counts benchmarks as outputs"
        assert f'code_inputs("{name}"' in text and f"/workflow_scripts/{name}.py" in text
        has_threads = "torch_threads=" in text or "**SHARD" in text
        assert has_threads == ("envs/llm.yaml" in text and "fetch" not in name), name
    assert set(rules) == {path.stem for path in root.glob("workflow_scripts/*.py")}, "a script without a rule"
