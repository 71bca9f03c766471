"""The jobs of a run: how many each target needs, for the default experiment and with changed settings."""

import re

import pytest

SEEDS, STRATEGIES = 5, 4
RELABELED = 4 * SEEDS  # maybe_known and the three second stages


@pytest.fixture(scope="module")
def printed(snakemake, root, tmp_path_factory):
    """What a dry run of the default experiment prints."""
    return snakemake("--snakefile", root / "Snakefile", "--dry-run", cwd=tmp_path_factory.mktemp("default"))


@pytest.fixture
def default(printed, job_counts):
    """The jobs of the default experiment."""
    return job_counts(printed)


def test_default_experiment(default, printed, root):
    jobs = default
    assert jobs["finetune"] == jobs["select_training_data"] == STRATEGIES * SEEDS
    assert jobs["query_checkpoint"] == jobs["evaluate_checkpoint"] == STRATEGIES * SEEDS == RELABELED
    assert jobs["answer_few_shot"] == 2 and jobs["answer_zero_shot"] == 1, "train and test, relabel; the base model"
    assert jobs["categorize_knowledge"] == 4 + 2 * RELABELED
    assert "download_dataset" not in jobs
    modules = {path.stem for path in root.glob("workflow_scripts/gradual_learning/evaluation/tables/*.py")}
    tables = modules - {"__init__", "category_ranking"}  # it ranks nothing
    assert jobs["tabulate"] == len(tables) and "tabulate_combined" not in jobs
    assert set(re.findall(r"results/tables/(\w+)\.tsv", printed)) == tables | {"comparisons"}
    assert jobs["export_knowledge"] == 1 and not {"export_model", "export_lm_eval_tasks"} & set(jobs)
    assert all(jobs[rule] == 1 for rule in jobs if rule.startswith(("tabulate_", "evaluate_base", "measure_")))


def test_likelihoods_are_computed_in_place_of_sampling(dry_run, job_counts, default):
    printed = dry_run("--config", "knowledge={estimator: likelihood}")
    assert job_counts(printed) == default
    assert (
        "results/likelihoods/base/at_base/1-of-1.parquet" in printed and "results/answers/base/at_base" not in printed
    )


def test_vllm_shares_no_job_with_the_own_engine(dry_run, job_counts):
    jobs = job_counts(dry_run("--config", "knowledge={engine: vllm}"))
    assert jobs["answer_few_shot"] == 2 + RELABELED and jobs["answer_zero_shot"] == 1 + RELABELED
    assert "query_checkpoint" not in jobs


def test_checkpoints_that_are_not_labeled_again_are_queried_zero_shot_only(dry_run, job_counts):
    jobs = job_counts(dry_run("--config", "strategies={gradual_alone: [gradual]}", "seeds=[1]"))
    assert jobs["query_checkpoint"] == STRATEGIES and jobs["answer_zero_shot"] == 2 and jobs["answer_few_shot"] == 2


@pytest.mark.parametrize("target", ["results/figures/forgetting.png", "forgetting"])
def test_forgetting_is_a_target_of_its_own(dry_run, job_counts, target):
    printed = dry_run(target)
    jobs = job_counts(printed)
    assert jobs["plot"] == 1 and "results/figures/forgetting.png" in printed
    assert jobs["tabulate"] == 1 and "tables/accuracy.tsv" not in printed and jobs["finetune"] == STRATEGIES * SEEDS


def test_shared_chains_are_computed_once(dry_run, job_counts):
    target = "results/checkpoints/maybe_known+{}/seed1/best"
    one = job_counts(dry_run(target.format("gradual")))
    both = job_counts(dry_run(target.format("gradual"), target.format("gradual_replay")))
    assert one["finetune"] == 2 and both["finetune"] == 3
    assert one["query_checkpoint"] == both["query_checkpoint"] == 1


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
    printed = dry_run("--config", f"strategies={{{removed}}}")
    assert job_counts(printed)["categorize_knowledge"] == 4
    assert "tables/knowledge_gain.tsv" not in printed and "tables/transitions.tsv" not in printed


def test_missing_archive_is_named(dry_run):
    printed = dry_run("--config", "data={source: entity_questions, path: no/such.zip}", fails=True)
    assert "data.path: there is no no/such.zip" in printed


def test_unknown_stage_in_a_target_is_named(dry_run):
    printed = dry_run("results/checkpoints/maybe_knwon/seed1/best", fails=True)
    assert "there is no stage 'maybe_knwon'; did you mean maybe_known?" in printed


def test_the_base_model_is_no_target_of_training(dry_run):
    assert "MissingRuleException" in dry_run("results/checkpoints/base/best", fails=True)


@pytest.mark.parametrize(
    "strategies", [["one_stage"], ["one_stage", "one_stage_continued", "two_stage", "two_stage_replay"]], ids=len
)
def test_every_strategy_can_be_exported(dry_run, job_counts, strategies):
    jobs = job_counts(dry_run(*(f"results/models/{strategy}" for strategy in strategies)))
    assert jobs["export_model"] == len(strategies)
    assert jobs["finetune"] == STRATEGIES * SEEDS, "the card of each compares all strategies"
    assert "plot" not in jobs


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        ("two_stge", [], "models/two_stge: there is no strategy 'two_stge' to export; did you mean two_stage"),
        ("base", [], "base is the model before training, in the folder `model` of the results; export a strategy"),
        (
            "two_stage",
            ["export={format: adapter}", "training={method: full}"],
            "export.format: the stage 'gradual' of two_stage trains all weights, so there is no adapter; use merged",
        ),
    ],
)
def test_what_cannot_be_exported_is_named_before_anything_runs(dry_run, target, settings, message):
    printed = dry_run(f"results/models/{target}", *(["--config", *settings] if settings else []), fails=True)
    assert message in printed


def test_a_single_stage_has_labels_at_base_alone(dry_run, job_counts):
    removed = "one_stage_continued: null, two_stage: null, two_stage_replay: null"
    jobs = job_counts(dry_run("results/knowledge.parquet", "--config", f"strategies={{{removed}}}"))
    assert jobs["export_knowledge"] == 1 and jobs["categorize_knowledge"] == 2 and "finetune" not in jobs


def test_tasks_of_lm_eval_need_no_model(dry_run, job_counts):
    jobs = job_counts(dry_run("results/lm_eval"))
    assert jobs == {"simulate_world": 1, "prepare_questions": 1, "build_prompts": 1, "export_lm_eval_tasks": 1}


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
        for part in ("tracked_code(", "log:", "conda:", "resources:", "message:"):
            assert part in text, f"rule {name} lacks {part}"
        assert ("benchmark:" in text) == ("output:" in text), f"rule {name}: Snakemake counts benchmarks as outputs"
        assert f'tracked_code("{name}"' in text and f"/workflow_scripts/{name}.py" in text
        has_threads = "torch_threads=" in text or "QUERY" in text
        assert has_threads == ("envs/llm.yaml" in text and not name.startswith("fetch_")), name
    assert set(rules) == {path.stem for path in root.glob("workflow_scripts/*.py")}, "a script without a rule"
