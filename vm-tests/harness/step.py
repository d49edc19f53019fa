"""Runs one step of `make test`, within a limit.

A step that hangs is ended, with all it started, and has failed; what was running is
printed. Must not judge what a step prints.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO

from . import ending, places, waiting

#: The slowest step is a first build with its tests: minutes, on a small host.
LIMIT = 1800.0
#: For a step of many tests, each with a deadline: a few that reach it leave the others their time.
LONGEST = 2 * LIMIT
#: What is printed by the end of a program is read in no time.
REST = 30.0
#: What `timeout` returns.
HUNG = 124


def run(
    command: Sequence[str],
    each_line: Callable[[str], None] | None = None,
    limit: float = LIMIT,
) -> int:
    """Its exit code; all its output goes where ours goes, or to `each_line`."""
    running = subprocess.Popen(
        command,
        cwd=places.REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=None if each_line is None else subprocess.PIPE,
        stderr=None if each_line is None else subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    reader = threading.Thread(target=_read, args=(running.stdout, each_line), daemon=True)
    reader.start()
    try:
        code = waiting.patiently(
            lambda seconds: running.wait(timeout=seconds), lambda: waiting.stretched(limit)
        )
    except subprocess.TimeoutExpired:
        told = f"\n`{' '.join(command)}` has not ended in {limit:.0f} s and is ended; it ran:\n"
        told += f"{ending.what_runs_below(running.pid)}\n"
        if each_line is None:
            print(told, end="", flush=True)
        else:
            each_line(told)
        ending.kill(running)
        code = HUNG
    except BaseException:
        ending.kill(running)
        raise
    # What it started may live on and keep its output open; that is not waited for.
    reader.join(REST)
    return code


def _read(lines: IO[str] | None, each_line: Callable[[str], None] | None) -> None:
    """In the background: pass on what is printed."""
    for line in lines or ():
        if each_line is not None:
            each_line(line)
