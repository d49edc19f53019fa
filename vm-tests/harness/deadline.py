"""The deadline of a test: rings in the main thread, whatever that waits for.

What is raised must not be an `Exception`: a `TimeoutError` would be an `OSError`,
which much code takes for a file that is not there. Rings again and again, since
the clearing up after the first ring may hang as well.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from . import ending, waiting

#: Collecting what the nodes wrote takes seconds; so long after a ring, that hangs too.
AGAIN = 180.0


def test_limit() -> float:
    """How many seconds a test may take; who plays with nodes gives more: TEST_LIMIT."""
    return float(os.environ.get("TEST_LIMIT", "600"))


@contextmanager
def within(limit: float, rings: Callable[[], BaseException]) -> Iterator[None]:
    """Past the limit, raise what `rings` returns; of use in the main thread only."""
    started = time.monotonic()

    def ring(_number: int, _frame: FrameType | None) -> None:
        """The alarm; on a crowded host it is put off."""
        left = waiting.stretched(limit) - (time.monotonic() - started)
        if left <= 0:
            raise rings()
        signal.setitimer(signal.ITIMER_REAL, left, AGAIN)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def what_runs() -> str:
    """Where each thread is, and every process that was started from here."""
    with tempfile.TemporaryFile("w+") as threads:
        faulthandler.dump_traceback(threads)
        threads.seek(0)
        told = threads.read()
    return f"{told}\n{ending.what_runs_below(os.getpid())}"
