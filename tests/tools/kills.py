"""Kill the tiny experiment at random moments, resume it, and compare its results with those of an uninterrupted run.

    python tests/tools/kills.py FOLDER --kills 50

SIGKILL ends Snakemake with all of its jobs, like a power cut; with ``--one-job`` only the newest job is killed, and
Snakemake continues. A run that is complete is checked, removed and started again, with another number of shards, until
the number of kills is reached. The command fails at the first difference, and at the first file left over.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from same_results import assert_has_files_of
from workflow_copy import ROOT, copy_workflow

COMPARED = ("tables", "figures", "evaluation", "categories", "training_data")
LEFT_OVER = ("*.work", "*.partial-*")


def main(arguments: argparse.Namespace) -> None:
    """Make the uninterrupted run, then kill and resume another until the number of kills is reached."""
    reference = copy_workflow(arguments.folder / "uninterrupted")
    run(reference, shards=1)
    generator, kills, rounds = random.Random(arguments.seed), 0, 0
    while kills < arguments.kills:
        folder = copy_workflow(arguments.folder / f"killed-{rounds}")
        kills += finish_killed(folder, 1 + rounds % 3, arguments, generator, arguments.kills - kills)
        assert_has_files_of(folder / "results", reference / "results", COMPARED)
        require_nothing_left(folder / "results")
        shutil.rmtree(folder)
        rounds += 1
        print(f"{kills} kills, {rounds} runs complete and equal to the uninterrupted one", flush=True)


def finish_killed(folder: Path, shards: int, arguments: argparse.Namespace, generator: random.Random, most: int) -> int:
    """Run the experiment, killing it at random moments at most ``most`` times; return the number of kills."""
    kills = 0
    while kills < most:
        process = start(folder, shards)
        try:
            process.wait(generator.uniform(0, arguments.seconds))
        except subprocess.TimeoutExpired:
            kills += kill_newest_job(process) if arguments.one_job else kill_all(process)
        if process.wait() == 0:
            return kills
        run(folder, shards, "--unlock")
    run(folder, shards)
    return kills


def start(folder: Path, shards: int, *options: str) -> subprocess.Popen[bytes]:
    """Start Snakemake in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(ROOT / "tests/e2e/tiny.yaml")]
    command += ["--set-scatter", f"shards={shards}", "--rerun-incomplete", *options]
    with (folder / "snakemake.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)


def run(folder: Path, shards: int, *options: str) -> None:
    """Run Snakemake to its end, which must be a success."""
    process = start(folder, shards, *options)
    if process.wait():
        sys.exit(f"Snakemake failed: see {folder / 'snakemake.log'}")


def kill_all(process: subprocess.Popen[bytes]) -> int:
    """Kill Snakemake and its jobs; return the number of kills."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return 1


def kill_newest_job(process: subprocess.Popen[bytes]) -> int:
    """Kill the job that started last, if one is running; return the number of kills."""
    scripts = [
        child for child in psutil.Process(process.pid).children(recursive=True) if "scripts" in str(child.cmdline())
    ]
    if not scripts:
        return 0
    max(scripts, key=lambda child: child.create_time()).kill()
    return 1


def require_nothing_left(found: Path) -> None:
    """End the command if a killed job has left a work folder or a file half written."""
    left = [path for pattern in LEFT_OVER for path in found.rglob(pattern)]
    if left:
        sys.exit(f"{left[0]} was left over")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty folder for the runs")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=25, help="longest time from a start to a kill")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--one-job", action="store_true", help="kill the newest job in place of everything")
    main(parser.parse_args())
