"""The workflow checks its configuration, reports all faults at once, and fills in defaults.

The checks themselves are tested in ``tests/unit/configuration``.
"""

import pytest

FAULTY = """
training: {learning_rat: 0.1, patience: 3}
model: {source: hubb}
world: {splits: {train: 0.9}}
stages:
  odd: {train_on: {now: [MaybeKnown]}, match_steps_of: graduall}
strategies: {strange: [od]}
"""
REPORTED = [
    "the configuration has 7 faults:",
    "key `training.learning_rat` is unknown, did you mean `training.learning_rate`?",
    "`training.patience` is now `training.early_stopping_patience`",
    "`model.source` is 'hubb'; did you mean hub?",
    "`world.splits` sum to 1.69",
    "`stages.odd.train_on.now` is now `stages.odd.train_on.current`",
    "`stages.odd.match_steps_of` names the unknown stage 'graduall'; did you mean gradual",
    "`strategies.strange` names the unknown stage 'od'; did you mean odd?",
]


def test_all_faults_are_reported_at_once(dry_run, tmp_path):
    (tmp_path / "faulty.yaml").write_text(FAULTY)
    printed = dry_run("--configfile", tmp_path / "faulty.yaml", fails=True)
    missing = [message for message in REPORTED if message not in printed]
    assert not missing, printed
    assert "Traceback" not in printed


def test_sections_of_the_wrong_type_are_named(dry_run):
    printed = dry_run("--config", "training=3", "stages={gradual: 4, maybe_known: null}", fails=True)
    assert "`training`: 3 is not of type 'object'" in printed and "`stages.gradual`: '4' is not of type" in printed
    assert "`strategies.one_stage` names the unknown stage 'maybe_known'" in printed, "removed, but still used"
    assert "Traceback" not in printed


def test_values_may_be_given_as_text(dry_run, job_counts):
    settings = ["training={learning_rate: 5e-3, num_train_epochs: 7}", "evaluation={relabel: False}", "seeds=[4]"]
    assert job_counts(dry_run("--config", *settings))["finetune"] == 4  # four stages, one seed


def test_an_empty_configuration_is_the_default_experiment(dry_run, job_counts, tmp_path):
    (tmp_path / "empty.yaml").write_text("{}\n")
    jobs = job_counts(dry_run("--configfile", tmp_path / "empty.yaml"))
    assert jobs == job_counts(dry_run()) and jobs["finetune"] == 20


def test_a_key_given_twice_is_named_with_file_and_line(dry_run, tmp_path):
    twice = tmp_path / "twice.yaml"
    twice.write_text("training: {batch_size: 8}\nseeds: [1]\ntraining: {num_train_epochs: 3}\n")
    printed = dry_run("--configfile", twice, fails=True)
    assert f"{twice}:3: the key training is given twice" in printed and "Traceback" not in printed


@pytest.mark.parametrize(
    ("place", "settings"),
    [
        ("data.path", "data={{source: file, path: '{}'}}"),
        ("data.answer_phrases", "data={{source: wiki_qa, answer_phrases: '{}'}}"),
        ("model.path", "model={{source: local, path: '{}'}}"),
    ],
)
def test_a_path_with_wildcards_is_refused_with_its_key(dry_run, tmp_path, place, settings):
    (tmp_path / "my {draft}.jsonl").write_text('{"question": "Who?", "answers": "Ann"}\n')
    more = ["data={source: file, path: plain.jsonl}"] if place == "model.path" else ["model={source: hub, name: a/b}"]
    (tmp_path / "plain.jsonl").touch()
    printed = dry_run("--config", settings.format("my {draft}.jsonl"), *more, fails=True)
    assert f"{place}: Snakemake gives {{ }} in 'my {{draft}}.jsonl' another meaning; rename the path" in printed
    assert "Traceback" not in printed and "WildcardError" not in printed


def test_a_workflow_below_a_folder_with_wildcards_is_refused(snakemake, copy_workflow, tmp_path):
    folder = copy_workflow(tmp_path / "co {x}")
    printed = snakemake("--dry-run", cwd=folder, fails=True)
    assert "the folder of the workflow: Snakemake gives { } in" in printed and "Traceback" not in printed


def test_a_working_directory_may_have_braces(snakemake, root, tmp_path):
    folder = tmp_path / "work {y}"
    folder.mkdir()
    snakemake("--dry-run", "--snakefile", root / "Snakefile", cwd=folder)
