"""How an entry script fails: by a message for the user, or by a traceback; in the log and on the terminal."""

import subprocess
import sys

import pytest

CODE = """
import sys
from gradual_learning.jobs import script
from gradual_learning.jobs.errors import UserError
with script.job(sys.argv[1]):
    {}
"""


@pytest.fixture
def fail(root, tmp_path):
    """Run a job that fails; return what it prints, which must be what it logs."""

    def run(statement: str) -> str:
        command = [sys.executable, "-c", CODE.format(statement), tmp_path / "logs/job.log"]
        environment = {"PYTHONPATH": str(root / "workflow_scripts")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert (tmp_path / "logs/job.log").read_text() == done.stderr
        return done.stderr

    return run


def test_a_user_error_is_a_message_without_traceback(fail):
    printed = fail("raise UserError('data.path: there is no such file')")
    assert printed.endswith("ERROR data.path: there is no such file\n") and printed.count("\n") == 1


def test_any_other_error_is_a_traceback(fail):
    printed = fail("1 / 0")
    assert "Traceback" in printed and printed.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_job_that_already_runs_is_not_started_again(root, tmp_path):
    log, environment = tmp_path / "job.log", {"PYTHONPATH": str(root / "workflow_scripts")}
    command = [sys.executable, "-c", CODE.format("print('started', flush=True); sys.stdin.read()"), log]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "started\n"
        log.write_text("of the first job\n")
        second = subprocess.run(command, env=environment, input="", capture_output=True, text=True)
        assert (second.returncode, second.stdout) == (1, "") and "Traceback" not in second.stderr
        assert f"{log}: the job of this log is already running" in second.stderr
        assert log.read_text() == "of the first job\n"
        first.kill()
    assert subprocess.run(command, env=environment, input="", capture_output=True).returncode == 0
    assert log.read_text() == ""


WRAPPED = "raise RuntimeError('write failed: No space left on device (os error 28)')"


@pytest.mark.parametrize("statement", ["open('/dev/full', 'w').write('x' * 100_000)", WRAPPED])
def test_a_full_disk_is_reported_as_such(fail, statement):
    printed = fail(statement)
    assert "No space left on the disk. Free some and rerun" in printed and "Traceback" not in printed


def test_no_text_controls_the_terminal_or_ends_the_log(fail):
    printed = fail("raise UserError('data.path: \\x1b[2Jred\\r\\u202eevil \\udcff, é')")
    assert printed.endswith("ERROR data.path: \\x1b[2Jred\\r\\u202eevil \\udcff, é\n")
