"""A real SLURM on this machine, and the workflow on it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "slurm/local_slurm.sh"
COLUMNS = {"id": "%A", "state": "%T", "rules": "%k", "nodes": "%N", "cpus": "%C", "memory": "%m", "limit": "%l"}
LISTED = "|".join(COLUMNS.values())
ARGUMENTS = ["--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "8"]
ARGUMENTS += ["--latency-wait", "10", "--jobs", "4"]


class Cluster:
    """Starts a cluster of its own; ``knobs`` are those of local_slurm.sh without their common beginning."""

    def __init__(self, port: int, **knobs: object) -> None:
        self.runs: list[subprocess.Popen] = []
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.folder.chmod(0o755)
        given = {f"LOCAL_SLURM_{name}": str(value) for name, value in knobs.items()}
        self.environment = os.environ | given | {"LOCAL_SLURM_PORT": str(port)}
        self._control("start")
        self.environment["PATH"] = f"{self.folder / 'bin'}:{self.environment['PATH']}"
        self.environment["SLURM_CONF"] = str(self.folder / "slurm.conf")
        # a home that nothing can be written to
        self.environment |= {"HOME": f"{os.devnull}/home", "XDG_CACHE_HOME": str(self.folder / "cache")}

    def _control(self, what: str) -> None:
        subprocess.run([SCRIPT, what, self.folder], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def ask(self, *command: str) -> str:
        """Run a command of SLURM and return what it prints."""
        return subprocess.run(command, env=self.environment, check=True, text=True, stdout=subprocess.PIPE).stdout

    def jobs(self, *states: str) -> list[dict[str, str]]:
        """List the jobs in these states, all of them without any."""
        shown = self.ask("squeue", "--noheader", f"--states={','.join(states) or 'all'}", "-o", LISTED)
        return [dict(zip(COLUMNS, line.split("|"), strict=True)) for line in shown.splitlines()]

    def last(self) -> dict[str, str]:
        """Return the job that was submitted last."""
        return max(self.jobs(), key=lambda job: int(job["id"]))

    def running(self, rule: str) -> list[str]:
        """List the ids of the running jobs in which a rule is."""
        return [job["id"] for job in self.jobs("RUNNING") if rule in job["rules"]]

    def preempt(self, job: str) -> None:
        """Let another job take the node of a job, and with it that of all others there."""
        (node,) = [listed["nodes"] for listed in self.jobs("RUNNING") if listed["id"] == job]
        there = ["--exclusive", f"--nodelist={node}", "--output=/dev/null"]
        self.ask("sbatch", "--partition=urgent", "--comment=urgent", *there, "--wrap=:")

    def restart_controller(self, pause: float) -> None:
        """Stop slurmctld, and start it again after so many seconds."""
        process = int((self.folder / "run/slurmctld.pid").read_text())
        os.kill(process, signal.SIGTERM)
        while Path(f"/proc/{process}").exists():
            time.sleep(0.1)
        time.sleep(pause)
        command = ["slurmctld", "-f", self.folder / "slurm.conf"]
        subprocess.run(command, env=self.environment | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}, check=True)

    def stop(self) -> None:
        """End it, whatever still runs on it."""
        for run in self.runs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
        self._control("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Run:
    """Snakemake on the cluster, in the background; its output is kept."""

    def __init__(self, cluster: Cluster, folder: Path, *arguments: str | Path) -> None:
        self.log = folder / f"run{len(list(folder.glob('run*.log')))}.log"
        # a shell makes what it starts in the background deaf to Ctrl-C, and with it all that is started there
        snakemake = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake"]
        command = [*snakemake, *ARGUMENTS, *map(str, arguments)]
        with self.log.open("w") as sink:
            self.process = subprocess.Popen(
                command, cwd=folder, env=cluster.environment, stdout=sink, stderr=sink, start_new_session=True
            )
        cluster.runs.append(self.process)

    def until(self, happened: Callable[[], object], what: str, patience: float = 240) -> None:
        """Wait until something has happened; the run must not end before."""
        deadline = time.monotonic() + patience
        while not happened():
            assert self.process.poll() is None, f"the run ended before {what}:\n{self.printed()}"
            assert time.monotonic() < deadline, f"never: {what}\n{self.printed()}"
            time.sleep(0.1)

    def send(self, number: int) -> None:
        """Send a signal to Snakemake and wait for its end."""
        os.killpg(self.process.pid, number)
        self.process.wait(60)

    def finish(self, patience: float = 420) -> str:
        """Wait for the end, which must be a good one, and return what was printed."""
        assert self.process.wait(patience) == 0, self.printed()
        return self.printed()

    def printed(self) -> str:
        """Return what was printed so far."""
        return self.log.read_text()
