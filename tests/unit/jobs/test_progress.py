"""Progress is a bar on a terminal and one line a minute in the log."""

import logging
import os
import pty
import subprocess
import sys
import termios

import pytest

from gradual_learning.jobs import progress

CODE = (
    "from gradual_learning.jobs.progress import Progress\n"
    "with Progress(2) as shown:\n"
    "    shown.answer()\n"
    "    shown.finish(1)\n"
    "    shown.bar.refresh()\n"
)


@pytest.fixture
def command(root):
    environment = {**os.environ, "PYTHONPATH": str(root / "workflow_scripts")}
    return {"args": [sys.executable, "-c", CODE], "env": environment}


def test_nothing_is_printed_without_a_terminal(command):
    done = subprocess.run(**command, capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_a_terminal_shows_a_bar(command):
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    subprocess.run(**command, stderr=terminal, check=True)
    shown = os.read(controller, 1 << 16).decode()
    assert "1/2 questions" in shown and "prompts/s" in shown and "left" in shown


def test_the_log_has_a_line_after_a_minute(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    with progress.Progress(3) as shown:
        shown.answer()
        shown.finish(1)
        assert not caplog.messages
        monkeypatch.setattr(progress, "LOG_SECONDS", 0)
        shown.finish(1)
    (line,) = caplog.messages
    assert line.startswith("2 of 3 questions, ") and line.endswith(" left")


def test_resumed_questions_do_not_shorten_the_estimated_time():
    shown = progress.Progress(10)
    shown.finish(8)
    shown.answer()
    assert shown._pace(shown.start + 5.0).endswith(", ? left")
    shown.finish(1)
    assert shown._pace(shown.start + 5.0) == "0.2 prompts/s, 00:05 left"
