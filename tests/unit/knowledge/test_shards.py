"""A shard that is killed and resumed ends with the file of one that was not, and computes only unfinished chunks."""

import inspect
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

import answer_few_shot
from gradual_learning.generation.decoding import Decoding
from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge import shards
from gradual_learning.models.files import WEIGHTS
from gradual_learning.models.loading import Loading
from gradual_learning.tables.files import gather, read_metadata, read_table, write_table
from gradual_learning.tables.schemas import ANSWERS, LIKELIHOODS, PROMPTS, QUESTIONS

DECODING = Decoding(seed=1, temperature=0.9, top_k=40, max_new_tokens=6)
OUTPUT, WORK = "shard.parquet", ".shard.parquet.work"
CHUNK_SIZE = 5
CHUNKS = 12
KILL_AFTER = 4  # chunks


@dataclass(frozen=True)
class Job:
    """A script with its arguments; ``way``: likelihood, or the way of sampling."""

    model: Path
    questions: Path
    prompts: Path
    samples: int = 4
    way: str = "lazy"
    batch_tokens: int = 160
    number: int = 0
    count: int = 1

    @property
    def schema(self):
        return LIKELIHOODS if self.way == "likelihood" else ANSWERS

    def run(self, folder: Path) -> None:
        inputs = {name: str(getattr(self, name)) for name in ("model", "questions", "prompts")}
        files = shards.ShardFiles(**inputs, checkpoint=None, code=["engine.py 1"], output=str(folder / OUTPUT))
        shard = shards.Shard(
            split="train",
            heldout_questions=0,
            place=(self.number, self.count),
            decoding=DECODING,
            batch_tokens=self.batch_tokens,
            loading=Loading("float32"),
            chat_template=False,
            chunk_size=CHUNK_SIZE,
        )
        params = {"samples_per_prompt": self.samples, "sampling": self.way, **asdict(DECODING)}
        estimator = "likelihood" if self.way == "likelihood" else "sampling"
        answer_few_shot.main(files, shard, shards.find_estimator({"estimator": estimator, **params}))

    def answered_prompts(self, table: pd.DataFrame) -> int:
        """Count the prompts that a model answers for a table: lazy sampling answers the sampled ones a second time."""
        return len(table) + (int((table["samples"].map(len) > 0).sum()) if self.way == "lazy" else 0)


@pytest.fixture(scope="module", params=["lazy", "pruned", "likelihood"])
def job(request, tiny_world, tiny_model, tmp_path_factory) -> Job:
    folder = tmp_path_factory.mktemp("inputs")
    table = tiny_world.questions[tiny_world.questions["split"] == "train"].head(CHUNKS * CHUNK_SIZE)
    write_table(table, QUESTIONS, folder / "questions.parquet")
    write_table(tiny_world.prompts, PROMPTS, folder / "prompts.parquet")
    return Job(tiny_model, folder / "questions.parquet", folder / "prompts.parquet", way=request.param)


def finished_chunks(folder: Path) -> list[Path]:
    return sorted((folder / WORK).glob("[0-9]*.parquet"))


@pytest.fixture(scope="module")
def killed(job, tmp_path_factory) -> Path:
    """The folder of a job that was killed after some of its chunks, without a chance to clean up."""
    folder = tmp_path_factory.mktemp("killed")
    code = [
        f"import sys; sys.path[:0] = {sys.path!r}",
        "from pathlib import PosixPath",
        "from gradual_learning.models.determinism import prepare_torch",
        "prepare_torch(1)",
        "from test_shards import Job",
        f"{job!r}.run(PosixPath({str(folder)!r}))",
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.Popen([sys.executable, "-c", "\n".join(code)], env=environment, stderr=subprocess.PIPE)
    while len(finished_chunks(folder)) < KILL_AFTER:
        assert run.poll() is None, run.stderr.read().decode()
        time.sleep(0.002)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert [path.name for path in folder.iterdir()] == [WORK], "the job ended before it was killed"
    assert KILL_AFTER <= len(finished_chunks(folder)) < CHUNKS
    return folder


@pytest.fixture(scope="module")
def whole(job, tmp_path_factory) -> bytes:
    """The output of a job that was not killed."""
    folder = tmp_path_factory.mktemp("whole")
    job.run(folder)
    return (folder / OUTPUT).read_bytes()


@pytest.fixture
def resumed(killed, tmp_path) -> Path:
    """A copy of the folder of the killed job."""
    return Path(shutil.copytree(killed, tmp_path / "resumed"))


@pytest.fixture
def run(caplog):
    """Run a job; return the bytes of its output and the number of prompts that the model has answered."""
    caplog.set_level("INFO")

    def start(job: Job, folder: Path) -> tuple[bytes, int]:
        folder.mkdir(exist_ok=True)
        job.run(folder)
        assert [path.name for path in folder.iterdir()] == [OUTPUT], "the work folder is removed"
        (line,) = [text for text in caplog.messages if text.endswith(" prompts answered")]
        caplog.clear()
        return (folder / OUTPUT).read_bytes(), int(line.split(", ")[1].split()[0])

    return start


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [0, 1])
def test_killed_shard_computes_only_unfinished_or_damaged_chunks_and_ends_the_same(damaged, job, whole, resumed, run):
    chunks = finished_chunks(resumed)
    saved = sum(job.answered_prompts(read_table(path, job.schema)) for path in chunks[damaged:])
    for path in chunks[:damaged]:
        path.write_bytes(path.read_bytes()[:-9])
    output, prompts = run(job, resumed)
    assert output == whole
    assert saved > 0 and prompts == job.answered_prompts(pd.read_parquet(io.BytesIO(whole))) - saved


@pytest.mark.slow
@pytest.mark.parametrize("job", ["likelihood"], indirect=True)
def test_token_budget_may_change_when_a_shard_is_resumed(job, whole, resumed, run):
    output, prompts = run(replace(job, batch_tokens=4096), resumed)
    table = pd.read_parquet(io.BytesIO(whole))
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(output)), table, rtol=1e-4)
    assert prompts < job.answered_prompts(table)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["lazy"], indirect=True)
@pytest.mark.parametrize("change", ["samples", "way", "model", "questions", "number"])
def test_chunks_of_another_job_are_not_used(change, job, resumed, run, tmp_path):
    changed = {
        "samples": 5,
        "way": "full",
        "model": tmp_path / "model",
        "questions": tmp_path / "questions.parquet",
        "number": 1,
    }
    shutil.copytree(job.model, changed["model"])
    weights = load_file(job.model / WEIGHTS)
    save_file({name: weight * 1.1 for name, weight in weights.items()}, changed["model"] / WEIGHTS, {"format": "pt"})
    table = read_table(job.questions, QUESTIONS)
    write_table(table[::-1], QUESTIONS, changed["questions"])
    settings = {change: changed[change]} | ({"count": 2} if change == "number" else {})
    other = replace(job, batch_tokens=4096, **settings)
    assert run(other, resumed) == run(other, tmp_path / "new")


@pytest.mark.parametrize("job", ["lazy"], indirect=True)
def test_shards_have_equal_metadata_and_those_of_other_inputs_are_rejected(job, whole, tmp_path):
    described = read_metadata(io.BytesIO(whole))
    assert described.keys() == {"model", "questions", "prompts", "code", "settings"}
    paths = [tmp_path / str(number) / OUTPUT for number in range(2)]
    for number, path in enumerate(paths):
        replace(job, number=number, count=2, batch_tokens=4096).run(path.parent)
        assert read_metadata(path) == described
    gathered, table = gather([str(path) for path in paths], job.schema), pd.read_parquet(io.BytesIO(whole))
    keys = ["id", "prompt"]
    assert sorted(map(tuple, gathered[keys].to_numpy())) == sorted(map(tuple, table[keys].to_numpy()))
    write_table(gathered, job.schema, paths[1], described | {"model": "another"})
    with pytest.raises(UserError, match="made of other model"):
        gather([str(path) for path in paths], job.schema)


@pytest.mark.parametrize("engine", shards.ENGINES)
def test_every_engine_is_opened_in_the_same_way(engine):
    native = import_module(f"gradual_learning.generation.{shards.ENGINES['native']}")
    module = import_module(f"gradual_learning.generation.{shards.ENGINES[engine]}")
    assert list(inspect.signature(module.open_engine).parameters) == list(
        inspect.signature(native.open_engine).parameters
    )


def test_large_models_on_a_cpu_have_smaller_chunks(tiny_model, tmp_path):
    assert shards.default_chunk_size(str(tiny_model)) == 1024
    with open(tmp_path / "model-00001-of-00001.safetensors", "wb") as weights:
        weights.truncate(200_000_000)  # takes no space
    assert shards.default_chunk_size(str(tmp_path)) == (1024 if torch.cuda.is_available() else 128)
