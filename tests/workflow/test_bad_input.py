"""Real runs on bad input: each ends with one clear message and a non-zero exit code, and leaves no partial files."""

import json
import resource
import subprocess
import sys
import zipfile

import pytest

from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import FACTS

pytestmark = pytest.mark.slow
PROMPTS = "results/data/prompts.parquet"
SETTINGS = ["source: entity_questions", "relations: [P36]"]


def _questions(split, count):
    return [
        {"question": f"What is the capital of {split} {number}?", "answers": [f"Town {number}"]}
        for number in range(count)
    ]


def _archive(path, sizes=None, broken=None):
    """Write an EntityQuestions archive; the JSON of one split may be broken, in line 47."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("relation_query_templates.json", json.dumps({"P36": "What is the capital of [X]?"}))
        for split, count in (sizes or {"train": 60, "dev": 60, "test": 60}).items():
            text = json.dumps(_questions(split, count), indent=1)
            if split == broken:
                text = text.replace('"answers": [\n   "Town 7"', '"answers": [\n   "Town 7', 1)
            bundle.writestr(f"dataset/{split}/P36.{split}.json", text)
    return path


@pytest.fixture
def fails(snakemake, copy_workflow, tmp_path):
    """Run the workflow up to the prompts on an archive; it must fail. Return the output."""

    def run(archive, *more):
        folder = copy_workflow(tmp_path / "workflow")
        data = f"data={{{', '.join([*SETTINGS, f'path: {archive}'])}}}"
        world = "world={facts_per_relation: 40, opening: {subjects: 2}, taught: {share: 0, most_exposed: 1}}"
        printed = snakemake("--cores", 1, PROMPTS, "--config", data, world, *more, cwd=folder, fails=True)
        assert "Traceback" not in printed, printed
        assert not (folder / PROMPTS).exists()
        assert not [path for path in (folder / "results").rglob("*") if ".partial" in path.name]
        return printed

    return run


def test_a_missing_archive_is_named(fails, tmp_path):
    missing = tmp_path / "missing.zip"
    assert f"data.path: there is no {missing}" in fails(missing)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_truncated_archive_is_named(fails, tmp_path, share):
    complete = _archive(tmp_path / "complete.zip").read_bytes()
    truncated = tmp_path / "truncated.zip"
    truncated.write_bytes(complete[: int(share * len(complete))])
    assert f"{truncated}: not a readable zip archive" in fails(truncated)


def test_broken_json_is_named_with_file_and_line(fails, tmp_path):
    archive = _archive(tmp_path / "broken.zip", broken="dev")
    assert f"{archive}:dataset/dev/P36.dev.json:47:" in fails(archive)


def test_too_few_dev_questions_name_the_relation(fails, tmp_path):
    splits = "world={facts_per_relation: 40, splits: {train: 0.45, dev: 0.1, test: 0.45}, opening: {subjects: 2}}"
    printed = fails(_archive(tmp_path / "small.zip"), splits)
    assert "relation P36 (4): too few dev questions, 4-shot prompts need 5" in printed


def test_an_empty_split_is_named(fails, tmp_path):
    archive = _archive(tmp_path / "empty.zip", {"train": 60, "dev": 60, "test": 0})
    assert f"{archive}:dataset/test/P36.test.json: contains no questions" in fails(archive)


def test_too_few_facts_name_the_key(fails, tmp_path):
    printed = fails(_archive(tmp_path / "few.zip"), "world={facts_per_relation: 5000, opening: {subjects: 2}}")
    assert "world.facts_per_relation: P36 has 60 usable facts in split dev, but 1300 are needed" in printed


def _limited(folder, *arguments, size):
    """Run Snakemake with a limit on the size of files, which has the effect of a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_read_only_folder_of_results_is_named(copy_workflow, snakemake, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    (results := folder / "results").mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", results], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"mounting needs the rights of root: {mounted.stderr.strip()}")
    try:
        printed = snakemake("--cores", 1, PROMPTS, cwd=folder, fails=True)
        assert "Read-only file system" in printed and "results" in printed
    finally:
        subprocess.run(["umount", results], check=True)


def test_a_full_disk_leaves_no_partial_file_and_a_rerun_completes_the_run(copy_workflow, snakemake, tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    files = ["results/world/facts.parquet", "results/world/documents.parquet", "results/world/questions.jsonl"]
    full = _limited(folder, "--cores", "1", PROMPTS, size=100_000)
    assert full.returncode != 0 and "no space" in full.stdout.lower(), full.stdout
    remaining = {path.name for path in (folder / "results").rglob("*") if path.is_file()}
    assert remaining <= {"README.md"}
    snakemake("--cores", 1, PROMPTS, cwd=folder)
    assert all((folder / path).stat().st_size > 100_000 for path in files)
    assert len(read_table(folder / files[0], FACTS)) == 4 * 1600
