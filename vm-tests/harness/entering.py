"""Starts what enters a lab or a node, so that nothing of it waits without end.

`nsenter` stops itself when the program it started is stopped, and nobody continues
it: a node that shuts down stops all its processes before it kills them. So each one
is watched, and continued. Must not know what a lab or a node is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from . import ending, waiting


def start(command: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; it never stays stopped."""
    process = subprocess.Popen(command, start_new_session=True, **streams)
    name = f"continue {process.pid}"
    threading.Thread(target=_continue, args=(process.pid,), name=name, daemon=True).start()
    return process


def _continue(pid: int) -> None:
    """In the background: continue a child whenever it stops, until it ends."""
    # Looks only: collecting the exit code is left to its parent.
    events = os.WSTOPPED | os.WEXITED | os.WNOWAIT
    with suppress(ChildProcessError, ProcessLookupError):
        while True:
            seen = os.waitid(os.P_PID, pid, events)
            if seen is None or seen.si_code != os.CLD_STOPPED:
                return
            os.kill(pid, signal.SIGCONT)


def run(
    command: Sequence[str], limit: float, stdin: int | IO[bytes] = subprocess.DEVNULL
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, its output kept; `TimeoutExpired` past the limit."""
    process = start(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        stdout, stderr = waiting.patiently(
            lambda seconds: process.communicate(timeout=seconds), lambda: waiting.stretched(limit)
        )
    except BaseException:
        ending.end(process)
        raise
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
