"""A shard that is killed while it is asked ends with the file of one that was not, and asks only what is missing."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

import sample_answers
from gradual_learning import models, records, shards
from gradual_learning.model_files import WEIGHTS
from gradual_learning.sampling import Decoding

DECODING = Decoding(seed=1, temperature=0.9, top_k=40, max_new_tokens=6)
PARTS = ".answers.parquet.scratch"
BATCH_TOKENS = 80  # five questions are labelled together


@dataclass(frozen=True)
class Job:
    """The arguments of the script, and a folder to run it in."""

    model: Path
    questions: Path
    prompts: Path
    samples: int = 4
    mode: str = "lazy"

    def run(self, folder: Path, caplog=None) -> int | None:
        """Run the script; return how many prompts the model has answered."""
        names = {name: str(getattr(self, name)) for name in ("model", "questions", "prompts")}
        paths = {**names, "checkpoint": None, "code": [__file__], "output": str(folder / "answers.parquet")}
        shard = shards.Shard("train", 0, (0, 1), DECODING, BATCH_TOKENS, models.Loading("float32"), chat_template=False)
        sample_answers.main(paths, shard, self.mode, self.samples)
        return caplog and int(caplog.messages[-1].removesuffix(" prompts answered"))


def kept(folder: Path) -> list[Path]:
    return sorted((folder / PARTS).glob("[0-9]*.parquet"))


def written(folder: Path) -> bytes:
    assert sorted(path.name for path in folder.iterdir()) == [PARTS, "answers.parquet"]
    assert sorted(path.name for path in (folder / PARTS).iterdir()) == ["made_for.json", "outputs"]
    return (folder / "answers.parquet").read_bytes()


def asked_in_all(whole: bytes) -> int:
    """Count the prompts that were answered greedily and those that were sampled, which lazy mode asks again."""
    table = pd.read_parquet(io.BytesIO(whole))
    return len(table) + int((table["samples"].map(len) > 0).sum())


@pytest.fixture(scope="module")
def job(tiny_world, tiny_model, tmp_path_factory) -> Job:
    folder = tmp_path_factory.mktemp("inputs")
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(60)
    records.write_table(table, records.QUESTIONS, folder / "questions.parquet")
    records.write_table(tiny_world.prompts, records.PROMPTS, folder / "prompts.parquet")
    return Job(tiny_model, folder / "questions.parquet", folder / "prompts.parquet")


@pytest.fixture(scope="module")
def killed(job, tmp_path_factory) -> Path:
    """The folder of a job that was killed, as a power cut would, after some of its parts."""
    folder = tmp_path_factory.mktemp("killed")
    code = f"""
        import sys; sys.path[:0] = {sys.path!r}
        from pathlib import PosixPath
        from gradual_learning import runtime
        runtime.prepare_torch(1)
        from test_sample_answers import Job
        {job!r}.run(PosixPath({str(folder)!r}))
    """
    lines = "\n".join(line.strip() for line in code.splitlines())
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.Popen([sys.executable, "-c", lines], env=environment, stderr=subprocess.PIPE)
    while len(kept(folder)) < 5:
        assert run.poll() is None, run.stderr.read().decode()
        time.sleep(0.002)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert not (folder / "answers.parquet").exists()
    return folder


@pytest.fixture(scope="module")
def whole(job, tmp_path_factory) -> bytes:
    """What a job writes that was not killed."""
    folder = tmp_path_factory.mktemp("whole")
    job.run(folder)
    return written(folder)


@pytest.fixture
def again(killed, tmp_path) -> Path:
    """A copy of what the killed job has left."""
    return Path(shutil.copytree(killed, tmp_path / "again"))


@pytest.fixture
def asked(caplog):
    """Run a job; return what it has written and how many prompts the model has answered."""
    caplog.set_level("INFO")

    def run(job: Job, folder: Path) -> tuple[bytes, int]:
        prompts = job.run(folder, caplog)
        return written(folder), prompts

    return run


@pytest.mark.parametrize("cut_off", [0, 1])
def test_a_killed_shard_asks_what_is_not_kept_whole_and_ends_the_same(cut_off, job, whole, again, asked):
    parts = kept(again)
    saved = sum(len(records.read_table(path, records.ANSWERS)) for path in parts[cut_off:])
    for path in parts[:cut_off]:
        path.write_bytes(path.read_bytes()[:-9])
    table, prompts = asked(job, again)
    assert table == whole and saved > 0
    assert prompts + saved == asked_in_all(whole)


@pytest.mark.parametrize("change", ["samples", "mode", "model", "questions"])
def test_no_part_is_used_for_anything_else(change, job, again, asked, tmp_path):
    changed = {"samples": 5, "mode": "full", "model": tmp_path / "model", "questions": tmp_path / "questions.parquet"}
    shutil.copytree(job.model, changed["model"])
    weights = load_file(job.model / WEIGHTS)
    save_file({name: weight * 1.1 for name, weight in weights.items()}, changed["model"] / WEIGHTS, {"format": "pt"})
    table = records.read_table(job.questions, records.QUESTIONS)
    records.write_table(table[::-1], records.QUESTIONS, changed["questions"])
    other = replace(job, **{change: changed[change]})
    assert asked(other, again) == asked(other, tmp_path / "whole")


def test_a_file_tells_what_it_was_made_of(whole):
    noted = records.read_metadata(io.BytesIO(whole))
    assert noted.keys() == {"model", "questions", "prompts", "code", "settings"}
