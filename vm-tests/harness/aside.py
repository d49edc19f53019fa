"""Steps of `make test` that run beside the others.

Emulated machines and the linker keep one processor busy, nodes hardly any. What these steps
print is kept until somebody has it shown, so that it stays in one piece. Must not know what
a step is.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence

from . import ending, step
from .counts import Counts

#: Where the lines of a step go; without one they go where ours go.
Say = Callable[[str], None]
Step = Callable[[Say | None], Counts]


class Aside:
    """One step after the other, in the background."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._results: list[Counts] = []
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        for take in self._steps:
            if self._stopped.is_set():
                return
            lines: list[str] = []
            self._results.append(take(lines.append))
            self._told.put("".join(lines))

    def show(self) -> None:
        """Print what the steps that have ended had to say."""
        while not self._told.empty():
            print(self._told.get(), end="", flush=True)

    def results(self) -> list[Counts]:
        """Wait for the last step, and show the rest."""
        self._thread.join(len(self._steps) * step.LONGEST)
        self.show()
        # A step that raised has left nothing.
        missing = len(self._steps) - len(self._results)
        return [*self._results, *(Counts("a step that was lost", failed=1) for _ in range(missing))]

    def stop(self) -> None:
        """End the one that runs, with all that it started; the others are not begun."""
        self._stopped.set()
        ending.kill_all_below(os.getpid())
        self._thread.join(ending.DEATH_LIMIT)
        self.show()
