"""Waits for a condition with a deadline; the only place that pauses.

A pause here is the time between two looks, never a guess how long something
takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

#: Between two looks: short against a boot, long against the look itself.
INTERVAL = 0.1


class NotInTime(AssertionError):
    """The condition did not come true before the deadline."""


def seconds(limit: float | timedelta) -> float:
    """A limit as the newer test driver writes it, or as the older one does."""
    return limit.total_seconds() if isinstance(limit, timedelta) else float(limit)


def until(look: Callable[[], T], limit: float | timedelta, awaited: str) -> T:
    """Look until the answer is truthy and return it."""
    deadline = time.monotonic() + seconds(limit)
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise NotInTime(f"waited {seconds(limit):.0f} s in vain: {awaited}")
        time.sleep(INTERVAL)
