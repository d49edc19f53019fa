"""Prints the demo's lines: time, node, mark, text; in colour on a terminal.

Several threads print; must not interleave their lines. Prints what happened on
different nodes in the order of time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

#: So long a line waits for an earlier one of another node: journald reports new entries to its
#: followers up to 250 ms late, and following begins a moment after the boot (0.47 s seen).
HOLD = 0.6
#: One colour for each node, readable on dark and light ground.
NODE_COLOURS = (36, 35, 33, 32, 34, 31)
BOLD, DIM, RED, YELLOW = 1, 2, 31, 33
#: By syslog priority: what went wrong stands out, the rest stays calm.
MARKS = {0: "✗", 1: "✗", 2: "✗", 3: "✗", 4: "!", 5: "●", 6: "·", 7: "·"}
MARK_COLOURS = {0: RED, 1: RED, 2: RED, 3: RED, 4: YELLOW}


class HeldLines:
    """Lines that wait a moment and come out sorted by the time of their event."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._numbers = count()
        #: Time of the event, number, time by which it is written, text.
        self._held: list[tuple[float, int, float, str]] = []
        self._added = threading.Condition()
        threading.Thread(target=self._release, name="held lines", daemon=True).start()

    def add(self, at: float, text: str) -> None:
        """Hold a line back."""
        with self._added:
            heappush(self._held, (at, next(self._numbers), time.monotonic() + HOLD, text))
            self._added.notify()

    def drain(self) -> None:
        """Write all that is held, without waiting any longer."""
        with self._added:
            while self._held:
                self._write(heappop(self._held)[-1])

    def _release(self) -> None:
        """In the background: write what has waited long enough, and all that is earlier."""
        while True:
            with self._added:
                self._added.wait_for(lambda: self._held)
                first_due = min(due for _, _, due, _ in self._held)
                if (left := first_due - time.monotonic()) > 0:
                    self._added.wait(left)
                    continue
                due = 0.0
                while due != first_due:
                    _, _, due, text = heappop(self._held)
                    self._write(text)


class Screen:
    """A line-oriented view with a common clock."""

    def __init__(self, names: list[str]) -> None:
        self._colours = dict(zip(names, NODE_COLOURS * len(names)))
        self._width = max(map(len, names))
        self._lock = threading.Lock()
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._muted = False
        self._events = HeldLines(self._write)
        self.restart_clock()

    def restart_clock(self) -> None:
        """Times count from here: building and unpacking are not part of the story."""
        self._wall = time.time()

    def _paint(self, text: str, colour: int | None) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured and colour else text

    def _print(self, text: str) -> None:
        """Text that comes after all events so far."""
        self._events.drain()
        self._write(text)

    def _write(self, text: str) -> None:
        with self._lock:
            if self._muted:
                return
            try:
                print(text, flush=True)
            except BrokenPipeError:
                # Nobody reads any more, as after `| head`: end like a closed terminal.
                sys.stdout = open(os.devnull, "w")
                os.kill(os.getpid(), signal.SIGHUP)

    def mute(self) -> None:
        """Write nothing any more; takes no lock, so that a signal handler can call it."""
        self._muted = True

    def close(self) -> None:
        """Write what is held, and nothing after that: the threads that follow nodes live on."""
        self._events.drain()
        self.mute()

    def title(self, text: str) -> None:
        """A heading of the story."""
        self._print("\n" + self._paint(text, BOLD))

    def plain(self, text: str) -> None:
        """Text as it stands."""
        self._print(text.rstrip("\n"))

    def progress(self, text: str) -> None:
        """What the demo itself is doing."""
        self._print(self._paint(f"  {text}", DIM))

    def event(self, node: str, text: str, priority: int = 6, at: float | None = None) -> None:
        """Something that happened on a node, at a wall-clock time or now."""
        at = time.time() if at is None else at
        since = max(0.0, at - self._wall)
        mark = self._paint(MARKS.get(priority, "·"), MARK_COLOURS.get(priority))
        name = self._paint(node.ljust(self._width), self._colours.get(node))
        first, *rest = text.splitlines() or [""]
        lines = [f"{since:7.2f} s  {name}  {mark} {first}"]
        lines += [f"{'':9}  {'':{self._width}}    {line}" for line in rest]
        self._events.add(at, "\n".join(lines))
