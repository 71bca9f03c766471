"""Progress is a bar on a terminal and a line a minute in the log, and nothing else."""

import logging
import os
import pty
import subprocess
import sys
import termios

import pytest

from gradual_learning import progress

CODE = (
    "from gradual_learning.progress import Progress\n"
    "with Progress(2) as told:\n"
    "    told.answer()\n"
    "    told.finish(1)\n"
    "    told.bar.refresh()\n"
)


@pytest.fixture
def command(root):
    environment = {**os.environ, "PYTHONPATH": str(root / "workflow_scripts")}
    return {"args": [sys.executable, "-c", CODE], "env": environment}


def test_nothing_is_printed_where_there_is_no_terminal(command):
    done = subprocess.run(**command, capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_a_terminal_shows_a_bar(command):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    subprocess.run(**command, stderr=theirs, check=True)
    shown = os.read(ours, 1 << 16).decode()
    assert "1/2 questions" in shown and "prompts/s" in shown and "left" in shown


def test_the_log_has_a_line_once_the_time_has_come(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    with progress.Progress(3) as told:
        told.answer()
        told.finish(1)
        assert not caplog.messages
        monkeypatch.setattr(progress, "EVERY", 0)
        told.finish(1)
    (line,) = caplog.messages
    assert line.startswith("2 of 3 questions, ") and line.endswith(" left")


def test_questions_that_took_no_time_do_not_shorten_what_is_left():
    told = progress.Progress(10)
    told.finish(8)
    told.answer()
    assert told._pace(told.start + 5.0).endswith(", ? left")
    told.finish(1)
    assert told._pace(told.start + 5.0) == "0.2 prompts/s, 00:05 left"
