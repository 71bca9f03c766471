"""Measure how fast a model's knowledge is labelled: this project's engine beside what else does the same work.

    PYTHONPATH=workflow_scripts python tests/benchmarks/labelling.py results --cache FOLDER [--vllm PYTHON]

prints a Markdown table for each model, and below it how far the engine is from the least that its work can cost, and
how time, memory and labels behave. All is measured in this one run, so the ratios hold on whatever machine it ran on.
"""

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

import baselines
import cases
import larger
import limits
import ours
import race
from gradual_learning import runtime
from gradual_learning.labelling import TOKENS_A_QUESTION
from vllm_runner import Vllm

MODES = ("full", "lazy", "pruned")
LARGER = 8  # a large model gets so many times fewer questions
FEWER = {"generate": 4, "vllm": 4, "generate_batch": 32}  # and the slow ones so many times fewer than our engine,
FEWER_LARGER = {"generate": 32, "vllm": 8, "generate_batch": 32}  # on the large model fewer again
TIMES, MEMORY = (1, 4, 16), (1, 10)  # how many times the questions, to see how time and memory grow


def main(arguments: argparse.Namespace) -> None:
    """Measure both models and print what came out."""
    runtime.prepare_torch(arguments.threads)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    results, count = arguments.results, arguments.questions
    size = larger.Size(arguments.width, arguments.layers, arguments.vocabulary, arguments.steps)
    big_model = larger.build(results / "world/documents.parquet", size, arguments.cache)
    base = cases.read(results, "base model", results / "model", count)
    big = cases.read(results, "larger model", big_model, max(1, count // LARGER))
    for case, fewer in ((base, FEWER), (big, FEWER_LARGER)):
        engine = ours.engine(case)
        table = measure(engine, case, fewer, arguments)
        table.insert(0, "model", f"{case.name}, {ours.parameters(engine) / 1e6:.2f} M")
        print(markdown(table), "", sep="\n", flush=True)
        for note in remarks(engine, case, arguments.repeats):
            print(f"- {case.name}: {note}.", flush=True)
        print()
    for note in growth(ours.engine(base), base):
        print(f"- {base.name}: {note}.", flush=True)


def measure(
    engine: ours.Engine, case: cases.Case, fewer: dict[str, int], arguments: argparse.Namespace
) -> pd.DataFrame:
    """Let all that can be run here label the same questions, in turn; the slow ones ``fewer`` times fewer."""
    count = len(case.questions)
    few = {name: max(1, count // times) for name, times in fewer.items()}
    with ExitStack() as stack:
        runners = [ours.Ours(engine, case, mode, count) for mode in MODES]
        runners.append(ours.Likelihood(engine, case, count))
        runners.append(baselines.fitted(baselines.Generate(engine, case, few["generate"]), (4, 16, 64)))
        paged = baselines.GenerateBatch(ours.engine(case), case, few["generate_batch"])
        runners.append(baselines.fitted(paged, (64, 256, 1024)))
        if arguments.vllm:
            log = arguments.cache / "vllm.log"
            server = Vllm(arguments.vllm, engine, case, few["vllm"], arguments.threads, log)
            runners.append(stack.enter_context(server))
        table = race.run(runners, case.questions, arguments.repeats)
    return table if arguments.vllm else pd.concat([table, pd.DataFrame([{"labelled by": "vllm (not installed)"}])])


def remarks(engine: ours.Engine, case: cases.Case, repeats: int) -> Iterator[str]:
    """Say what the model is like, how close the engine is to the floor, and what changes a label."""
    tokens, rows = len(engine.encoder.tokenizer), engine.model.get_input_embeddings().num_embeddings
    full = ours.label(engine, case, case.questions, "full")
    yield f"{tokens:,} tokens in {rows:,} rows of the embedding"
    yield f"{ours.distinct(full):.1f} of the {1 + cases.SAMPLES} answers to a prompt are distinct"
    prefill, whole = limits.shares_of_floor(engine, case, repeats)
    yield f"reading the prompts reaches {prefill:.0%} of the floor, the whole of full labelling {whole:.0%}"
    others = {mode: (engine, mode) for mode in MODES[1:]}
    others["full in bfloat16"] = ours.engine(case, "bfloat16"), "full"
    for name, (own, mode) in others.items():
        differing = ours.differing(full, ours.label(own, case, case.questions, mode), case.questions)
        yield f"{name} gives {differing} of {len(case.questions)} questions another label than full"


def growth(engine: ours.Engine, case: cases.Case) -> Iterator[str]:
    """Say how time and memory grow with the number of questions."""
    count = max(1, len(case.questions) // 4)
    seconds = limits.seconds(engine, case, [count * factor for factor in TIMES])
    yield f"{told(TIMES)} times {count} questions take {told(seconds, '.1f')} s"
    budget = count * TOKENS_A_QUESTION  # so few that ``count`` questions fill it, and more need another pass
    peaks = limits.peaks(case, [count * factor for factor in MEMORY], budget)
    yield f"{told(MEMORY)} times {count} questions take {told(peaks, '.0f')} MB at most, {budget:,} tokens a pass"


def told(numbers: Sequence[float], form: str = "") -> str:
    """Write numbers as a list in a sentence."""
    return ", ".join(format(number, form) for number in numbers)


def markdown(table: pd.DataFrame) -> str:
    """Write the table of speeds; what was not measured stays blank."""
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
    parser.add_argument("--cache", type=Path, default="results/benchmark", help="where the larger model is kept")
    parser.add_argument("--vllm", type=Path, help="interpreter of an environment with vLLM")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="cores that everyone may use")
    parser.add_argument("--questions", type=int, default=256, help="questions that our engine labels in a round")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, of which the median counts")
    for name, value in vars(larger.Size()).items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"{name} of the larger model")
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
    main(parse())
