"""Measure how fast the knowledge of a model is labeled: the engine of this project compared with other engines.

    PYTHONPATH=workflow_scripts python tests/benchmarks/labeling.py results --cache FOLDER [--vllm PYTHON]

prints a Markdown table for each model, followed by the distance of the engine from the minimum cost of its work, and by
the growth of time and memory. All times are from the same run, so their ratios are comparable on any machine. The
models are the base model of the results and, after a run in a simulated world, a larger one that is trained on its
documents.
"""

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import torch

import baselines
import cases
import larger
import limits
import native_engine
import timing
from gradual_learning.models.determinism import prepare_torch
from vllm_runner import Vllm

MODES = ("full", "lazy", "pruned")
# Slow engines and the larger model get fewer questions: their number is divided by these.
LARGER = 8
LARGE = 25e6  # parameters
FEWER = {"generate": 4, "vllm": 4, "generate_batch": 32}
FEWER_LARGER = {"generate": 32, "vllm": 8, "generate_batch": 32}
TIME_FACTORS, MEMORY_FACTORS = (1, 4, 16), (1, 10)  # of the number of questions, to measure growth


def main(arguments: argparse.Namespace) -> None:
    """Measure the base model, and the larger model where there are documents to train it on, and print the results."""
    prepare_torch(arguments.threads)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    results, count = arguments.results, arguments.questions
    documents = results / "world/documents.parquet"
    size = larger.Size(*(getattr(arguments, name) for name in vars(larger.Size())))
    base = cases.read(results, "base model", results / "model", count)
    measured = [base]
    if documents.exists():  # of a simulated world
        big_model = larger.build(documents, size, arguments.cache)
        measured.append(cases.read(results, "larger model", big_model, max(1, count // LARGER)))
    for case in measured:
        engine = native_engine.engine(case, arguments.dtype)
        fewer = FEWER_LARGER if native_engine.parameters(engine) > LARGE else FEWER
        table = measure(engine, case, fewer, arguments)
        table.insert(0, "model", f"{case.name}, {native_engine.parameters(engine) / 1e6:.2f} M")
        print(markdown(table), "", sep="\n", flush=True)
        for note in remarks(engine, case, arguments.repeats):
            print(f"- {case.name}: {note}.", flush=True)
        print()
    if documents.exists():
        for note in growth(native_engine.engine(base), base):
            print(f"- {base.name}: {note}.", flush=True)


def measure(
    engine: native_engine.Engine, case: cases.Case, fewer: dict[str, int], arguments: argparse.Namespace
) -> pd.DataFrame:
    """Time every available engine on the same questions; the slow ones answer ``fewer`` times fewer."""
    count = len(case.questions)
    few = {name: max(1, count // factor) for name, factor in fewer.items()}
    with ExitStack() as stack:
        runners = [native_engine.NativeEngine(engine, case, mode, count) for mode in MODES]
        runners.append(native_engine.Likelihood(engine, case, count))
        runners.append(baselines.tune(baselines.Generate(engine, case, few["generate"]), (4, 16, 64)))
        paged = baselines.GenerateBatch(native_engine.engine(case, arguments.dtype), case, few["generate_batch"])
        runners.append(baselines.tune(paged, (64, 256, 1024)))
        if arguments.vllm:
            log = arguments.cache / "vllm.log"
            server = Vllm(arguments.vllm, engine, case, few["vllm"], arguments.threads, log)
            runners.append(stack.enter_context(server))
        table = timing.run(runners, case.questions, arguments.repeats)
    return table if arguments.vllm else pd.concat([table, pd.DataFrame([{"labeled by": "vllm (not installed)"}])])


def remarks(engine: native_engine.Engine, case: cases.Case, repeats: int) -> Iterator[str]:
    """Describe the model, the distance of the engine from the minimum time, and the labels that other modes change."""
    tokens, rows = len(engine.encoder.tokenizer), engine.model.get_input_embeddings().num_embeddings
    full = native_engine.label(engine, case, case.questions, "full")
    yield f"{tokens:,} tokens in {rows:,} rows of the embedding"
    distinct = native_engine.mean_distinct_answers(full)
    yield f"{distinct:.1f} of the {1 + cases.SAMPLES} answers to a prompt are distinct"
    prefill, whole = limits.shares_of_floor(engine, case, repeats)
    yield f"reading the prompts reaches {prefill:.0%} of the speed of a matrix product, full sampling {whole:.0%}"
    others = {mode: (engine, mode) for mode in MODES[1:]}
    dtype = "float32" if engine.model.dtype == torch.bfloat16 else "bfloat16"
    others[f"full in {dtype}"] = native_engine.engine(case, dtype), "full"
    for name, (own, mode) in others.items():
        answers = native_engine.label(own, case, case.questions, mode)
        changed = native_engine.count_different_labels(full, answers, case.questions)
        yield f"{name} changes the labels of {changed} of {len(case.questions)} questions compared with full"


def growth(engine: native_engine.Engine, case: cases.Case) -> Iterator[str]:
    """Describe how time and memory grow with the number of questions."""
    count = max(1, len(case.questions) // 4)
    seconds = limits.seconds(engine, case, [count * factor for factor in TIME_FACTORS])
    yield f"{listed(TIME_FACTORS)} times {count} questions take {listed(seconds, '.1f')} s"
    peaks = limits.peaks(case, [count * factor for factor in MEMORY_FACTORS], chunk_size=count)
    yield f"{listed(MEMORY_FACTORS)} times {count} questions take {listed(peaks, '.0f')} MB at most, chunk by chunk"


def listed(numbers: Sequence[float], form: str = "") -> str:
    """Format numbers as a list in a sentence."""
    return ", ".join(format(number, form) for number in numbers)


def markdown(table: pd.DataFrame) -> str:
    """Format the table of speeds; missing values stay blank."""
    forms = dict(zip(table, ["", "", ".0f", ".2f", ".2f", ".1f"], strict=True))
    cells = [
        ["" if pd.isna(row[name]) else format(row[name], forms[name]) for name in forms] for _, row in table.iterrows()
    ]
    rows = [list(forms), ["---"] * len(forms), *cells]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", default="results", help="folder of a finished run")
    parser.add_argument("--cache", type=Path, default="results/benchmark", help="folder of the larger model")
    parser.add_argument("--vllm", type=Path, help="interpreter of an environment with vLLM")
    parser.add_argument("--dtype", default="float32", help="of the weights: float32 or bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="cores that each engine may use")
    parser.add_argument(
        "--questions", type=int, default=256, help="questions that this project's engine labels in a round"
    )
    parser.add_argument("--repeats", type=int, default=3, help="timed rounds; the table shows medians")
    for name, value in vars(larger.Size()).items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"{name} of the larger model")
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
    main(parse())
