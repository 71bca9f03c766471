"""A full disk and a read-only folder end a run with their name, lose nothing, and a rerun completes it."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.slow

TARGETS = ["results/data/prompts.parquet", "results/world/documents.parquet"]


def mount(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting needs the rights of root: {done.stderr.strip()}")


@pytest.fixture
def small_disk(copy_workflow, tmp_path):
    """A folder with the workflow whose results lie on a disk of 64 KB."""
    folder = copy_workflow(tmp_path / "run")
    (folder / "results").mkdir()
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder / "results")
    yield folder
    subprocess.run(["umount", folder / "results"], check=True)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_is_named_and_a_rerun_completes_the_results(small_disk, finished, tiny, snakemake):
    arguments = [*TARGETS, "--cores", 1, "--configfile", tiny]
    printed = snakemake(*arguments, cwd=small_disk, fails=True)
    assert "No space left on the disk. Free some and rerun" in printed and "Traceback" not in printed
    left = files(small_disk / "results")
    assert not any("partial" in name or "work" in name for name in left)
    mount("-o", "remount,size=64m", small_disk / "results")
    snakemake(*arguments, cwd=small_disk)
    for target in TARGETS:
        assert (small_disk / target).read_bytes() == (finished.parent / target).read_bytes()


def test_a_read_only_folder_is_named(small_disk, tiny, snakemake):
    mount("-o", "remount,ro,size=64m", small_disk / "results")
    printed = snakemake(*TARGETS, "--cores", 1, "--configfile", tiny, cwd=small_disk, fails=True)
    assert "Read-only file system" in printed and "results" in printed
    assert not os.listdir(small_disk / "results")
