"""A real SLURM on this machine, and runs of the workflow on it."""

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
COLUMNS = {"id": "%A", "state": "%T", "comment": "%k", "nodes": "%N", "memory": "%m", "limit": "%l"}
# Status checks follow after 2, 14 and 36 seconds where no job ends: the plugin adds ten seconds each time.
OPTIONS = ["--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2"]
OPTIONS += ["--latency-wait", "10", "--jobs", "4"]


class Cluster:
    """A cluster that runs until :meth:`stop`.

    Args:
        port: of its controller; the nodes use the next ones.
        settings: of local_slurm.sh, without ``LOCAL_SLURM_``.
    """

    def __init__(self, port: int, **settings: object) -> None:
        self.runs: list[subprocess.Popen] = []
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.folder.chmod(0o755)
        given = {f"LOCAL_SLURM_{name}": str(value) for name, value in settings.items()}
        self.environment = os.environ | given | {"LOCAL_SLURM_PORT": str(port)}
        self._control("start")
        folders = [self.folder / "bin", Path(sys.executable).parent, self.environment["PATH"]]
        self.environment["PATH"] = ":".join(map(str, folders))
        self.environment["SLURM_CONF"] = str(self.folder / "slurm.conf")
        # a home folder that is not writable
        self.environment |= {"HOME": f"{os.devnull}/home", "XDG_CACHE_HOME": str(self.folder / "cache")}

    def _control(self, action: str) -> None:
        subprocess.run([SCRIPT, action, self.folder], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def run(self, *command: str) -> str:
        """Run a command of SLURM and return its output."""
        return subprocess.run(command, env=self.environment, check=True, text=True, stdout=subprocess.PIPE).stdout

    def update(self, *settings: str) -> None:
        """Change a job or a node."""
        self.run("scontrol", "update", *settings)

    def jobs(self, *states: str) -> list[dict[str, str]]:
        """List the jobs in these states, or all jobs; the comment of a job names its rule and wildcards."""
        columns = "|".join(COLUMNS.values())
        listed = self.run("squeue", "--noheader", f"--states={','.join(states) or 'all'}", "-o", columns)
        return [dict(zip(COLUMNS, line.split("|"), strict=True)) for line in listed.splitlines()]

    def last_job(self) -> dict[str, str]:
        """Return the job that was submitted last."""
        return max(self.jobs(), key=lambda job: int(job["id"]))

    def running(self, rule: str, checkpoint: str = "") -> list[str]:
        """List the ids of the running jobs of a rule, for a checkpoint."""
        comment = f"rule_{rule}_wildcards_{checkpoint}"
        return [job["id"] for job in self.jobs("RUNNING") if job["comment"].startswith(comment)]

    def preempt(self, job: str) -> None:
        """Submit an urgent job that takes the whole node of a job."""
        (node,) = [listed["nodes"] for listed in self.jobs("RUNNING") if listed["id"] == job]
        options = ["--exclusive", f"--nodelist={node}", "--output=/dev/null", "--comment=urgent"]
        self.run("sbatch", "--partition=urgent", *options, "--wrap=:")

    def restart_controller(self, pause: float) -> None:
        """Stop slurmctld and start it again after a pause in seconds."""
        process = int((self.folder / "run/slurmctld.pid").read_text())
        os.kill(process, signal.SIGTERM)
        while Path(f"/proc/{process}").exists():
            time.sleep(0.1)
        time.sleep(pause)
        command = ["slurmctld", "-f", self.folder / "slurm.conf"]
        subprocess.run(command, env=self.environment | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}, check=True)

    def stop(self) -> None:
        """Kill what runs on the cluster, stop it and remove its folder."""
        for run in self.runs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
        self._control("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Run:
    """Snakemake on a cluster, as a process in the background; its output goes to a file."""

    def __init__(self, cluster: Cluster, folder: Path, *arguments: str | Path) -> None:
        self.log = folder / f"run{len(list(folder.glob('run*.log')))}.log"
        # a shell lets its background processes ignore Ctrl-C, and their children inherit this
        snakemake = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake"]
        command = [*snakemake, *OPTIONS, *map(str, arguments)]
        with self.log.open("w") as sink:
            self.process = subprocess.Popen(
                command, cwd=folder, env=cluster.environment, stdout=sink, stderr=sink, start_new_session=True
            )
        cluster.runs.append(self.process)

    def wait_until(self, condition: Callable[[], object], event: str, timeout: float = 900) -> None:
        """Wait for an event; the run must not end before."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert self.process.poll() is None, f"the run ended before {event}:\n{self.output()}"
            assert time.monotonic() < deadline, f"timeout before {event}:\n{self.output()}"
            time.sleep(0.1)

    def send(self, number: int) -> None:
        """Send a signal to Snakemake and wait for its end."""
        os.killpg(self.process.pid, number)
        self.process.wait(60)

    def finish(self, timeout: float = 900) -> str:
        """Wait for the end of the run, which must succeed, and return its output."""
        assert self.process.wait(timeout) == 0, self.output()
        return self.output()

    def output(self) -> str:
        """Return the output so far."""
        return self.log.read_text()


def processes(script: str, checkpoint: str, folder: Path) -> list[int]:
    """List the processes that run a script of the workflow in a folder and have the log of a checkpoint open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            files = [os.readlink(link) for link in (process / "fd").iterdir()]
        except OSError:
            continue
        if f"{script}.py" in command and str(folder) in command and any(checkpoint in file for file in files):
            found.append(int(process.name))
    return found
