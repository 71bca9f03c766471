"""Snakemake, imported once and forked for every run: to import it takes as long as to plan a small run.

As a script it is the process that forks: it reads one run per line, and writes the exit status of each. A fork has the
environment, the folder and the search path of `python -m snakemake` started in that folder.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn


class SnakemakeForks:
    """A process that has imported Snakemake, until :meth:`stop`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, __file__], env=environment, text=True, **pipes)

    def run(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run Snakemake in a folder; return its exit status and its output."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
            request = [list(arguments), str(folder), dict(environment), output.name]
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return int(self.process.stdout.readline()), output.read()

    def stop(self) -> None:
        """End the process."""
        self.process.communicate()


def _serve() -> None:
    """Fork for every line of the standard input."""
    import snakemake.cli

    while line := sys.stdin.readline():
        if (child := os.fork()) == 0:
            _become_snakemake(snakemake.cli.main, *json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become_snakemake(main, arguments: list[str], folder: str, environment: dict[str, str], output: str) -> NoReturn:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with open(os.devnull, "rb") as nothing, open(output, "ab") as sink:
        for number, file in enumerate((nothing, sink, sink)):
            os.dup2(file.fileno(), number)
    sys.path[0] = folder
    sys.argv = ["snakemake", *arguments]
    sys.exit(main(arguments))


if __name__ == "__main__":
    _serve()
