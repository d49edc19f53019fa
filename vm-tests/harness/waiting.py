"""Waits for a condition; the only place that pauses, and that says how long is too long.

A pause here is the time between two looks, never a guess how long something takes. A limit
is a watchdog: it ends what hangs, and reports what was waited for and what ran. It must not
judge a host that is only slow or crowded.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from . import ending

T = TypeVar("T")

#: What should come within a moment is given so long at the least. Who waits for a failure that is
#: known says less: WATCHDOG=20.
WATCHDOG = float(os.environ.get("WATCHDOG", "300"))

#: Between two looks: short against a boot, long against the look itself.
INTERVAL = 0.1
#: So many times its limit a wait may take, at the most.
MOST_CROWDED = 5.0


class NotInTime(AssertionError):
    """The condition did not come true before the watchdog barked."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        #: What this process had started, and what it was at.
        self.running = ending.what_runs_below(os.getpid())


def seconds(limit: float | timedelta) -> float:
    """A limit as the newer test driver writes it, or as the older one does."""
    return limit.total_seconds() if isinstance(limit, timedelta) else float(limit)


def crowding() -> float:
    """How many programs want each processor of this host; 1 where there is room."""
    wanted = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(wanted, 1.0), MOST_CROWDED)


def stretched(limit: float | timedelta) -> float:
    """A limit that is one, on this host as crowded as it is now."""
    return seconds(limit) * crowding()


def patience(limit: float | timedelta) -> float:
    """How long to wait for what should come within a limit."""
    return stretched(max(seconds(limit), WATCHDOG))


def patiently(wait: Callable[[float], T], allowed: Callable[[], float]) -> T:
    """What a wait of a process comes to; `TimeoutExpired` when it took longer than is allowed."""
    started = time.monotonic()
    while True:
        left = allowed() - (time.monotonic() - started)
        try:
            return wait(max(left, INTERVAL))
        except subprocess.TimeoutExpired:
            if time.monotonic() - started >= allowed():
                raise


def until(look: Callable[[], T], limit: float | timedelta, awaited: str) -> T:
    """Look until the answer is truthy and return it; the limit is when it should be."""
    started = time.monotonic()
    while True:
        answer = look()
        if answer:
            return answer
        waited = time.monotonic() - started
        if waited >= patience(limit):
            raise NotInTime(f"waited {waited:.0f} s in vain: {awaited}")
        time.sleep(INTERVAL)
