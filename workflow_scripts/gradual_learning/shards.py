"""One shard of the questions put to a checkpoint under every exemplar set: what sampling and scoring have in common.

What is done is kept in a folder beside the output: a killed job goes on from there.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from gradual_learning import (
    encoding,
    labelling,
    models,
    progress,
    provenance,
    records,
    sampling,
    scratch,
    splits,
    vllm_engine,
)

# engine, questions, prompts, questions labelled together, folder for what is kept, what counts -> parts of the table
Label = Callable[[labelling.Answerer, pd.DataFrame, pd.DataFrame, int, Path, progress.Progress], Iterator[pd.DataFrame]]


@dataclass(frozen=True)
class Shard:
    """Which questions are asked, and how."""

    split: str
    probe: int  # test questions that the probe takes
    place: tuple[int, int]  # number of the shard, from 0, and how many there are
    decoding: sampling.Decoding
    batch_tokens: int
    loading: models.Loading
    chat_template: bool
    engine: str = "native"  # or vllm

    @classmethod
    def from_rule(cls, params: Any, batch_tokens: int) -> "Shard":
        """Read the params of a rule, among which what changes nothing but speed is not."""
        return cls(
            params.split,
            params.probe_questions,
            (params.shard, params.shards),
            sampling.Decoding(params.seed, params.temperature, params.top_k, params.max_new_tokens, params.draw),
            batch_tokens,
            models.Loading(params.dtype, params.quantization),
            params.chat_template,
            params.engine,
        )


def paths_of(inputs: Any, output: str) -> dict[str, Any]:
    """Name the files of a rule as :func:`write` wants them."""
    names = ("model", "questions", "prompts")
    checkpoint, code = inputs.checkpoint or None, list(inputs.lib)
    return {name: inputs[name] for name in names} | {"checkpoint": checkpoint, "code": code, "output": output}


def write(shard: Shard, paths: dict[str, Any], schema: pa.Schema, settings: list, label: Label) -> None:
    """Label the questions of a shard and write the table, with a note of what it was made of.

    Args:
        shard: which questions, and how they are asked.
        paths: ``model``, ``checkpoint`` (None for the base model), ``questions``, ``prompts``, ``code``, ``output``.
        schema: of the table.
        settings: what the table depends on beside the shard, as JSON.
        label: yields the table in parts.
    """
    chosen, prompts = _asked(shard, paths)
    made_of, output = _made_of(shard, paths, settings), Path(paths["output"])
    work = scratch.open_scratch(scratch.beside(output), [made_of, shard.place, shard.batch_tokens])
    if scratch.restore(work, [output]):
        return
    encoder = encoding.Encoder(models.load_tokenizer(paths["model"]), shard.chat_template)
    lost = labelling.count_unanswerable(chosen, encoder, shard.decoding.max_new_tokens)
    if lost:
        logging.warning("knowledge.max_new_tokens: %d questions have longer answers and end up Unknown", lost)
    logging.info("%d questions", len(chosen))
    engine = _open_engine(shard, paths, encoder)
    size = max(1, shard.batch_tokens // labelling.TOKENS_A_QUESTION)
    with progress.Progress(len(chosen)) as told:
        parts = label(engine, chosen, prompts, size, work, told)
        records.write_parts(parts, schema, work / output.name, made_of)  # slowly: what is cut off stays in there
    os.replace(work / output.name, output)
    logging.info("%d prompts answered", told.prompts)
    scratch.keep(work, [output])


def _open_engine(shard: Shard, paths: dict[str, Any], encoder: encoding.Encoder) -> labelling.Answerer:
    if shard.engine == "vllm":
        return vllm_engine.Engine(paths["model"], paths["checkpoint"], shard.loading, encoder)
    model = models.load_model(paths["model"], paths["checkpoint"], shard.loading)
    return sampling.Engine(model, encoder, shard.batch_tokens)


def _asked(shard: Shard, paths: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the questions of the shard and the prompts of its draw."""
    table = records.read_table(paths["questions"], records.QUESTIONS)
    chosen = splits.choose_questions(table, shard.split, shard.probe, shard.decoding.seed)
    prompts = records.read_table(paths["prompts"], records.PROMPTS)
    number, count = shard.place
    return chosen.iloc[number::count], prompts[prompts["draw"] == shard.decoding.draw]


def _made_of(shard: Shard, paths: dict[str, Any], settings: list) -> dict[str, str]:
    files = {name: paths[name] for name in ("model", "checkpoint", "questions", "prompts", "code") if paths[name]}
    loading = asdict(models.resolve(paths["model"], shard.loading))
    asked = [shard.split, shard.probe, *settings, asdict(shard.decoding), loading, shard.chat_template, shard.engine]
    return provenance.describe(files, asked)
