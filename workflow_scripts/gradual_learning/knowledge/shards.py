"""One shard of the questions, queried under every exemplar set: what sampling and likelihoods have in common.

A shard is computed chunk by chunk. Each finished chunk is a file in the work folder, so a killed job loses at most one
chunk.
"""

import importlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import torch

from gradual_learning.data import subsets
from gradual_learning.generation.decoding import Decoding
from gradual_learning.jobs import fingerprint, resume
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.progress import Progress
from gradual_learning.knowledge import labeling
from gradual_learning.models.loading import Loading, load_tokenizer, resolve_dtype
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_table, write_parts, write_table
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS

CHUNK_SIZE = 1024  # questions
CHUNK_SIZE_LARGE_ON_CPU = 128
LARGE_MODEL_BYTES = 100e6  # weights in float32: 25 million parameters
ENGINES = {"native": "engine", "vllm": "vllm"}  # knowledge.engine -> module of the package generation


@dataclass(frozen=True)
class Shard:
    """Which questions are queried, and how."""

    split: str
    heldout_questions: int  # test questions in the held-out split
    place: tuple[int, int]  # number of the shard, from 0, and number of shards
    decoding: Decoding
    batch_tokens: int
    loading: Loading
    chat_template: bool
    engine: str = "native"  # or vllm
    chunk_size: int | None = None  # in questions; None: see default_chunk_size

    @classmethod
    def from_params(cls, params: Mapping[str, Any], batch_tokens: int) -> "Shard":
        """Read the params of a rule; ``batch_tokens`` is a resource, as it affects only speed and memory."""
        return cls(
            split=params["split"],
            heldout_questions=params.get("heldout_questions", 0),
            place=(params["shard"], params["shards"]),
            decoding=_decoding(params),
            batch_tokens=batch_tokens,
            loading=Loading(params["dtype"], params["quantization"]),
            chat_template=params["chat_template"],
            engine=params.get("engine", "native"),
        )


@dataclass(frozen=True)
class ShardFiles:
    """The files of a rule that computes a shard."""

    model: str
    checkpoint: str | None  # None for the base model
    questions: str
    prompts: str
    code: list[str]  # see fingerprint.code_of
    output: str

    @classmethod
    def from_rule(cls, inputs: Any, params: Any, output: str) -> "ShardFiles":
        """Read the inputs and the params of a rule."""
        paths = {name: inputs[name] for name in ("model", "questions", "prompts")}
        return cls(**paths, checkpoint=inputs.checkpoint or None, code=fingerprint.code_of(params), output=output)


def find_estimator(params: Mapping[str, Any]) -> labeling.Estimator:
    """Return the estimator that the params of a rule name, so that only the code of that one is an input of the rule.

    ``knowledge.estimator`` is the name of its module in this package.
    """
    module = importlib.import_module(f"gradual_learning.knowledge.{params['estimator']}")
    estimator: labeling.Estimator = module.estimator(params, _decoding(params))
    return estimator


def open_engine(shard: Shard, model: str, checkpoint: str | None) -> labeling.Answerer:
    """Open the engine by name, so that only the code of the chosen one is an input of the rule.

    Args:
        shard: how the model is loaded.
        model: folder of the base model.
        checkpoint: folder of a checkpoint, or None.
    """
    module = importlib.import_module(f"gradual_learning.generation.{ENGINES[shard.engine]}")
    encoder = Encoder(load_tokenizer(model), shard.chat_template)
    engine: labeling.Answerer = module.open_engine(model, checkpoint, shard.loading, encoder, shard.batch_tokens)
    return engine


def read_questions(shard: Shard, path: str) -> pd.DataFrame:
    """Return the questions of the shard, in the order of the file with all questions."""
    table = read_table(path, QUESTIONS)
    chosen = subsets.choose_questions(table, shard.split, shard.heldout_questions, shard.decoding.seed)
    number, count = shard.place
    return chosen.iloc[number::count]


def write(shard: Shard, files: ShardFiles, estimator: labeling.Estimator, engine: labeling.Answerer) -> None:
    """Compute a shard and write its table, with metadata that describe what it was made of.

    Args:
        shard: which questions are queried, and how.
        files: inputs and output.
        estimator: computes the table of a chunk.
        engine: answers the prompts.
    """
    questions, prompts = read_questions(shard, files.questions), read_table(files.prompts, PROMPTS)
    prompts = prompts[prompts["draw"] == shard.decoding.draw]
    made_of, output = _made_of(shard, files, estimator.settings), Path(files.output)
    chunk_size = shard.chunk_size or default_chunk_size(files.model)
    work = resume.open_work_folder(resume.work_folder(output), [made_of, shard.place, chunk_size])
    _warn_of_long_answers(questions, engine.encoder, shard.decoding.max_new_tokens)
    with Progress(len(questions)) as progress:

        def compute_chunk(chunk: pd.DataFrame) -> pd.DataFrame:
            return estimator.compute(engine, chunk, prompts, progress)

        tables = _read_or_compute(chunks(questions, chunk_size), work, estimator.schema, compute_chunk, progress)
        write_parts(
            tables, estimator.schema, work / output.name, made_of
        )  # there, so that a kill leaves nothing elsewhere
    os.replace(work / output.name, output)
    resume.remove(work)
    logging.info("%d questions, %d prompts answered", len(questions), progress.prompts)


def default_chunk_size(model: str) -> int:
    """Return the number of questions per chunk for the model in a folder; it affects no answer.

    A chunk should take minutes at most. A large chunk fills the batches of a GPU, and takes a small model seconds on a
    CPU. A large model takes minutes there for few questions, which keep all cores busy.
    """
    size = sum(path.stat().st_size for path in Path(model).glob("*.safetensors"))
    is_slow = size > LARGE_MODEL_BYTES and not torch.cuda.is_available()
    return CHUNK_SIZE_LARGE_ON_CPU if is_slow else CHUNK_SIZE


def chunks(questions: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """Yield the questions in chunks; those of a relation stay together, as they share prompts."""
    ordered = questions.sort_values("relation", kind="stable")
    for start in range(0, len(ordered), size):
        yield ordered.iloc[start : start + size]


def _read_or_compute(
    parts: Iterable[pd.DataFrame],
    work: Path,
    schema: pa.Schema,
    compute: Callable[[pd.DataFrame], pd.DataFrame],
    progress: Progress,
) -> Iterator[pd.DataFrame]:
    """Yield the table of each chunk: read from its file in the work folder, else computed and written to it."""
    for number, chunk in enumerate(parts):
        path = work / f"{number:06d}.parquet"
        table = _read_finished(path, schema)
        if table is None:
            table = compute(chunk)
            write_table(table, schema, path)
        else:
            progress.finish(len(chunk))
        yield table


def _read_finished(path: Path, schema: pa.Schema) -> pd.DataFrame | None:
    try:
        return read_table(path, schema)
    except UserError:  # missing or damaged
        return None


def _warn_of_long_answers(questions: pd.DataFrame, encoder: Encoder, max_new_tokens: int) -> None:
    count = labeling.count_unanswerable(questions, encoder, max_new_tokens)
    if count:
        logging.warning("knowledge.max_new_tokens: %d questions have longer answers and will be Unknown", count)


def _decoding(params: Mapping[str, Any]) -> Decoding:
    names = ("seed", "temperature", "top_k", "max_new_tokens", "draw")  # greedy answers depend on the length only
    return Decoding(**{name: params[name] for name in names if name in params})


def _made_of(shard: Shard, files: ShardFiles, settings: list[Any]) -> dict[str, str]:
    """Describe what the table is made of: contents of the inputs, and settings."""
    names = ("model", "checkpoint", "questions", "prompts")
    inputs = {name: value for name in names if (value := getattr(files, name))}
    loading = asdict(resolve_dtype(files.model, shard.loading))
    shared = [shard.split, shard.heldout_questions, asdict(shard.decoding), loading, shard.chat_template, shard.engine]
    return fingerprint.describe(inputs, files.code, [*shared, *settings])
