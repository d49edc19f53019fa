"""Follows what the agent writes and hands each entry to the screen as it comes.

Reads the journal of a node, or the JSON lines of a plain process; must not
judge what it reads.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import IO, Any

from .machine import Shell
from .screen import Screen

IDENTIFIER = "first-boot-agent"
#: The levels of the JSON line, as syslog priorities.
PRIORITIES = {"ERROR": 3, "WARN": 4, "INFO": 6, "DEBUG": 7}
NOTICE, INFO, DEBUG = 5, 6, 7


def text_of(value: Any) -> str:
    """A journal field; one that is no UTF-8 comes as a list of bytes."""
    if isinstance(value, list):
        return bytes(value).decode(errors="replace")
    return str(value)


def entries(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    """The JSON objects of a stream; what is none is passed on as a message."""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"message": line.decode(errors="replace").rstrip()}
        yield entry if isinstance(entry, dict) else {"message": str(entry)}


def show(screen: Screen, node: str, entry: dict[str, Any], at: float | None) -> None:
    """One entry of either kind; a table below a good message is left to `status`."""
    fields = {name.lower(): value for name, value in entry.items()}
    priority = PRIORITIES.get(str(fields.get("level")), int(fields.get("priority", INFO)))
    # The agent repeats its errors as JSON lines at debug priority, for grep.
    if priority == DEBUG:
        return
    text = text_of(fields.get("message", ""))
    if priority >= NOTICE:
        text = text.partition("\n")[0]
    if service := fields.get("service"):
        text = f"{text_of(service):9}  {text}"
    screen.event(node, text, priority, at)


def show_journal(
    screen: Screen, node: str, stream: IO[bytes], verdict: threading.Event
) -> None:
    """Entries of `journalctl -o json`, by the time the journal gives them."""
    for entry in entries(stream):
        at = int(entry["__REALTIME_TIMESTAMP"]) / 1e6 if "__REALTIME_TIMESTAMP" in entry else None
        show(screen, node, entry, at)
        if text_of(entry.get("MESSAGE", "")).startswith("Cluster is"):
            verdict.set()


def show_lines(screen: Screen, node: str, stream: IO[bytes]) -> None:
    """Lines of the agent's `--log-format json`, as they come: their times are whole seconds."""
    for entry in entries(stream):
        show(screen, node, entry, None)


def follow(screen: Screen, machine: Shell) -> threading.Event:
    """Follow a node's journal in the background, from the boot on; set when the verdict shows."""
    verdict = threading.Event()

    def watch() -> None:
        """In the background: read until the node or the demo ends."""
        reading = machine.stream(
            *("journalctl", "--follow", "--boot", "--lines=all", "--output=json"),
            f"SYSLOG_IDENTIFIER={IDENTIFIER}",
        )
        with reading:
            assert reading.stdout is not None
            show_journal(screen, machine.name, reading.stdout, verdict)

    threading.Thread(target=watch, name=f"follow {machine.name}", daemon=True).start()
    return verdict
