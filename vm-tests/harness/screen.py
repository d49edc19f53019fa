"""Prints the demo's lines: time, node, mark, text; in colour on a terminal.

Several threads print; must not interleave their lines.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

#: One colour for each node, readable on dark and light ground.
NODE_COLOURS = (36, 35, 33, 32, 34, 31)
BOLD, DIM, RED, YELLOW = 1, 2, 31, 33
#: By syslog priority: what went wrong stands out, the rest stays calm.
MARKS = {0: "✗", 1: "✗", 2: "✗", 3: "✗", 4: "!", 5: "●", 6: "·", 7: "·"}
MARK_COLOURS = {0: RED, 1: RED, 2: RED, 3: RED, 4: YELLOW}


class Screen:
    """A line-oriented view with a common clock."""

    def __init__(self, names: list[str]) -> None:
        self._colours = dict(zip(names, NODE_COLOURS * len(names)))
        self._width = max(map(len, names))
        self._lock = threading.Lock()
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.restart_clock()

    def restart_clock(self) -> None:
        """Times count from here: building and unpacking are not part of the story."""
        self._wall = time.time()

    def _paint(self, text: str, colour: int | None) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured and colour else text

    def _print(self, text: str) -> None:
        with self._lock:
            try:
                print(text, flush=True)
            except BrokenPipeError:
                # Nobody reads any more, as after `| head`: end like a closed terminal.
                sys.stdout = open(os.devnull, "w")
                os.kill(os.getpid(), signal.SIGHUP)

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
        since = max(0.0, (time.time() if at is None else at) - self._wall)
        mark = self._paint(MARKS.get(priority, "·"), MARK_COLOURS.get(priority))
        name = self._paint(node.ljust(self._width), self._colours.get(node))
        first, *rest = text.splitlines() or [""]
        self._print(f"{since:7.2f} s  {name}  {mark} {first}")
        for line in rest:
            self._print(f"{'':9}  {'':{self._width}}    {line}")
