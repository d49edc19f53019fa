"""The log of one scenario: nested steps with the time they took.

Kept in memory and handed to the report; a scenario that passes prints nothing
unless asked to (`pytest -s`, or `say` given).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Log:
    """Steps, indented by depth, each with the seconds since the start."""

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self.lines: list[str] = []
        self._say = say
        self._depth = 0
        self._started = time.monotonic()

    def log(self, message: str) -> None:
        """One line, or several of one message."""
        stamp = f"{time.monotonic() - self._started:7.2f}"
        for line in message.splitlines() or [""]:
            text = f"{stamp} {'  ' * self._depth}{line}"
            self.lines.append(text)
            if self._say is not None:
                self._say(text)

    info = warning = error = detail = log

    @contextmanager
    def nested(self, message: str) -> Iterator[None]:
        """A step; its end is logged with the time it took where that is long."""
        self.log(message)
        started = time.monotonic()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            took = time.monotonic() - started
            if took > 0.5:
                self.log(f"(finished: {message.splitlines()[0]}, in {took:.2f} s)")

    @contextmanager
    def subtest(self, name: str) -> Iterator[None]:
        """A named part of a scenario; a failure says in which part it was."""
        with self.nested(f"subtest: {name}"):
            try:
                yield
            except Exception as error:
                self.log(f"subtest failed: {name}: {error}")
                raise

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)
