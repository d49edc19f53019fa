"""Steps of `make test` that run beside the others.

Emulated machines and the linker keep one processor busy, nodes hardly any. What these steps
print is kept until somebody has it shown, so that it stays in one piece. Must not know what
a step is.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from . import ending, step, waiting
from .counts import Counts

#: Where the lines of a step go; without one they go where ours go.
Say = Callable[[str], None]
Step = Callable[[Say | None], Counts]


class Aside:
    """One step after the other, in the background; who is free may take the next one off.

    With more than one lane, so many at a time.
    """

    def __init__(self, steps: Sequence[Step], lanes: int = 1) -> None:
        self._steps = deque(steps)
        self._lock = threading.Lock()
        self._begun = 0
        self._results: list[Counts] = []
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._take, daemon=True) for _ in range(lanes)]
        for thread in self._threads:
            thread.start()

    def next(self) -> Step | None:
        """The next step that has not begun; the caller runs it."""
        with suppress(IndexError):
            return self._steps.popleft()
        return None

    def _take(self) -> None:
        while not self._stopped.is_set() and (take := self.next()) is not None:
            with self._lock:
                self._begun += 1
            lines: list[str] = []
            self._results.append(take(lines.append))
            self._told.put("".join(lines))

    def show(self) -> None:
        """Print what the steps that have ended had to say."""
        while not self._told.empty():
            print(self._told.get(), end="", flush=True)

    def results(self) -> list[Counts]:
        """Wait for the last step, and show the rest."""
        for thread in self._threads:
            thread.join((len(self._steps) + 1) * step.LONGEST)
        self.show()
        # A step that raised has left nothing.
        missing = self._begun - len(self._results) + len(self._steps)
        return [*self._results, *(Counts("a step that was lost", failed=1) for _ in range(missing))]

    def stop(self) -> None:
        """End the one that runs, with all that it started; the others are not begun."""
        self._stopped.set()

        def has_ended() -> bool:
            """Again and again: it may just be starting something."""
            ending.kill_all_below(os.getpid())
            return not any(thread.is_alive() for thread in self._threads)

        with suppress(waiting.NotInTime):
            waiting.until(has_ended, ending.DEATH_LIMIT, "the steps aside have ended")
        self.show()
