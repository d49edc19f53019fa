"""Waits for a condition with a deadline; the only place that pauses.

A pause here is the time between two looks, never a guess how long something
takes. A limit is meant for a host with nothing else to do: a crowded one gets more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

#: Between two looks: short against a boot, long against the look itself.
INTERVAL = 0.1
#: So many times its limit a wait may take, at the most.
MOST_CROWDED = 5.0


class NotInTime(AssertionError):
    """The condition did not come true before the deadline."""


def seconds(limit: float | timedelta) -> float:
    """A limit as the newer test driver writes it, or as the older one does."""
    return limit.total_seconds() if isinstance(limit, timedelta) else float(limit)


def crowding() -> float:
    """How many programs want each processor of this host; 1 where there is room."""
    wanted = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(wanted, 1.0), MOST_CROWDED)


def until(look: Callable[[], T], limit: float | timedelta, awaited: str) -> T:
    """Look until the answer is truthy and return it."""
    started = time.monotonic()
    while True:
        answer = look()
        if answer:
            return answer
        waited = time.monotonic() - started
        if waited >= seconds(limit) and waited >= seconds(limit) * crowding():
            raise NotInTime(f"waited {waited:.0f} s in vain: {awaited}")
        time.sleep(INTERVAL)
