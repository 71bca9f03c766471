"""Show where the time of a finished run went: seconds of all jobs by rule, and how much of them was start-up.

    python tests/benchmarks/jobs.py benchmarks

prints a Markdown table. A job starts by importing its libraries. That time is measured here, alone on this machine, as
the median of several starts. A run with several jobs at a time takes less time than the sum of its jobs.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
# all but the main program, and what it imports by name
START = """
from snakemake import script
import importlib, runpy, sys
runpy.run_path(sys.argv[1])
for module in sys.argv[2:]:
    importlib.import_module(module)
"""
BY_NAME = {"tabulate": ["gradual_learning.evaluation.tables.accuracy"]}
COLUMNS = ["rule", "jobs", "seconds", "seconds of start-up", "start of a job (s)", "peak memory (MB)"]


def main(arguments: argparse.Namespace) -> None:
    """Print the table, the rules with the most seconds first."""
    jobs = read(arguments.benchmarks)
    starts = {rule: start_up(rule, arguments.repeats) for rule in jobs["rule"].unique()}
    jobs["start"] = jobs["rule"].map(starts)
    jobs["rule"] = jobs["rule"].replace(r"^(tabulate|write|export)(_.*)?$", r"\1*", regex=True)
    parts = sorted(jobs.groupby("rule"), key=lambda part: -part[1]["seconds"].sum())
    print("| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|", sep="\n")
    for rule, part in parts:
        print(row(f"`{rule}`", part))
    print(row("all", jobs))


def row(name: str, part: pd.DataFrame) -> str:
    """Format the sums over some jobs as a row of the table."""
    cells = [len(part), f"{part['seconds'].sum():.0f}", f"{part['start'].sum():.0f}", f"{part['start'].median():.1f}"]
    peak = part["max_rss"].max()  # missing for jobs that are too short to measure
    return "| " + " | ".join(map(str, [name, *cells, "" if pd.isna(peak) else f"{peak:.0f}"])) + " |"


def read(folder: Path) -> pd.DataFrame:
    """Read the benchmark files of a run: columns rule, seconds and max_rss (MB)."""
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        measured = pd.read_csv(path, sep="\t", na_values="-").iloc[0]
        rule = path.relative_to(folder).with_suffix("").parts[0]
        rows.append({"rule": rule, "seconds": measured["s"], "max_rss": measured["max_rss"]})
    return pd.DataFrame(rows)


def start_up(rule: str, repeats: int) -> float:
    """Return the median seconds from the start of a job's process until its script has imported everything."""
    file = rule if (SCRIPTS / f"{rule}.py").exists() else re.sub("_base_model$", "_checkpoint", rule)
    command = [sys.executable, "-c", START, str(SCRIPTS / f"{file}.py"), *BY_NAME.get(rule, [])]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, check=True, env=environment)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", type=Path, nargs="?", default="benchmarks", help="folder of benchmark files")
    parser.add_argument("--repeats", type=int, default=5, help="timed starts of each script")
    main(parser.parse_args())
