"""Ends a program together with all that it started, and reports first what that is.

For what has had its time: asks nobody, waits for no output. A program is ended
by its parent; must not be given a process of others.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from . import processes

#: A killed process ends in milliseconds; past this it never does.
DEATH_LIMIT = 300.0
#: Longer command lines are cut here.
LONGEST_COMMAND = 200


def kill(process: subprocess.Popen[Any]) -> None:
    """Kill a program with all below it, and collect its exit code."""
    below = processes.descendants_of(process.pid)
    # From the top: a shell that outlives what it started goes on, and reports its death.
    process.kill()
    _kill_each(below)
    process.wait(timeout=DEATH_LIMIT)


def kill_all_below(pid: int) -> None:
    """Kill whatever a process has started; the parent of each collects it."""
    _kill_each(processes.descendants_of(pid))


def _kill_each(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end(process: subprocess.Popen[Any]) -> None:
    """Kill it, and close its ends of our pipes: its output is not waited for."""
    kill(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def what_runs_below(pid: int) -> str:
    """A line for each live process: its number, its state, what it waits in, its command."""
    told = [_line(below) for below in processes.descendants_of(pid)]
    return "\n".join(line for line in told if line) or "(nothing)"


def _line(pid: int) -> str | None:
    folder = processes.PROC / str(pid)
    try:
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        waits_in = (folder / "wchan").read_text()
        words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        command = words.strip() or f"[{(folder / 'comm').read_text().strip()}]"
    except OSError:
        # Gone meanwhile.
        return None
    parent = processes.parent_of(pid)
    return f"{pid:>8} below {parent or 0:<8} {state} {waits_in:20} {command[:LONGEST_COMMAND]}"
