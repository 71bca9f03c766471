"""Bad input, each run for real: one clear message, a non-zero exit, and nothing lost or half written."""

import json
import resource
import subprocess
import sys
import zipfile

import pytest

from gradual_learning import records

PROMPTS = "results/data/prompts.parquet"
SETTINGS = ["source: entity_questions", "relations: [P36]"]


def _rows(split, count):
    return [
        {"question": f"What is the capital of {split} {number}?", "answers": [f"Town {number}"]}
        for number in range(count)
    ]


def _archive(path, sizes=None, broken=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("relation_query_templates.json", json.dumps({"P36": "What is the capital of [X]?"}))
        for split, count in (sizes or {"train": 60, "dev": 60, "test": 60}).items():
            text = json.dumps(_rows(split, count), indent=1)
            if split == broken:
                text = text.replace('"answers": [\n   "Town 7"', '"answers": [\n   "Town 7', 1)
            bundle.writestr(f"dataset/{split}/P36.{split}.json", text)
    return path


@pytest.fixture
def fails(snakemake, copy_workflow, tmp_path):
    """Run up to the prompts on an archive; it must fail. Return what was printed."""

    def run(archive, *more):
        folder = copy_workflow(tmp_path / "workflow")
        data = f"data={{{', '.join([*SETTINGS, f'path: {archive}'])}}}"
        world = "world={facts_per_relation: 40, opening: {subjects: 2}, taught: {share: 0, most_exposed: 1}}"
        printed = snakemake("--cores", 1, PROMPTS, "--config", data, world, *more, cwd=folder, fails=True)
        assert not (folder / PROMPTS).exists()
        assert not [path for path in (folder / "results").rglob("*") if ".partial" in path.name]
        return printed

    return run


def test_a_missing_archive_is_named(fails, tmp_path):
    printed = fails(tmp_path / "nowhere.zip")
    assert "data.path: there is no" in printed and "nowhere.zip" in printed


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_truncated_archive_is_named(fails, tmp_path, share):
    whole = _archive(tmp_path / "whole.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: int(share * len(whole))])
    printed = fails(tmp_path / "cut.zip")
    assert "cut.zip" in printed and "Traceback" not in printed


def test_broken_json_is_named_with_file_and_line(fails, tmp_path):
    printed = fails(_archive(tmp_path / "broken.zip", broken="dev"))
    assert "dataset/dev/P36.dev.json:47" in printed and "Traceback" not in printed


def test_too_few_dev_questions_name_the_relation(fails, tmp_path):
    splits = "world={facts_per_relation: 40, splits: {train: 0.45, dev: 0.1, test: 0.45}, opening: {subjects: 2}}"
    printed = fails(_archive(tmp_path / "small.zip"), splits)
    assert "P36 (" in printed and "4-shot prompts need 5" in printed and "Traceback" not in printed


def test_an_empty_split_is_named(fails, tmp_path):
    printed = fails(_archive(tmp_path / "empty.zip", {"train": 60, "dev": 60, "test": 0}))
    assert "test" in printed and "Traceback" not in printed and "Error in rule" in printed


def test_too_few_facts_name_the_key(fails, tmp_path):
    printed = fails(_archive(tmp_path / "few.zip"), "world={facts_per_relation: 5000, opening: {subjects: 2}}")
    assert "world.facts_per_relation: P36 has" in printed


def _limited(folder, *arguments, size):
    """Run Snakemake where no file can grow beyond ``size`` bytes, as on a disk that is full."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_full_disk_leaves_no_half_written_file_and_a_rerun_ends_the_work(copy_workflow, snakemake, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    made = ["results/world/facts.parquet", "results/world/documents.parquet", "results/world/questions.jsonl"]
    full = _limited(folder, "--cores", "1", PROMPTS, size=100_000)
    assert full.returncode != 0 and "No space is left to write to" in full.stdout, full.stdout
    left = [path.name for path in (folder / "results").rglob("*") if path.is_file()]
    assert set(left) <= {"README.md"}, left
    snakemake("--cores", 1, PROMPTS, cwd=folder)
    assert all((folder / path).stat().st_size > 100_000 for path in made)
    assert len(records.read_table(folder / made[0], records.FACTS)) == 4 * 1600
