"""Follows what the agent writes and hands each entry to the screen as it comes.

Reads the journal of a node, or the JSON lines of a plain process; must not
judge what it reads.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any

from .machine import Shell
from .screen import Screen

IDENTIFIER = "first-boot-agent"
#: The levels of the JSON line, as syslog priorities.
PRIORITIES = {"ERROR": 3, "WARN": 4, "INFO": 6, "DEBUG": 7}
NOTICE, INFO, DEBUG = 5, 6, 7
#: The JSON line says INFO for a notice too, as specified; the journal has the priority.
#: These are the milestones: joined, bootstrapped, IAM's password, IAM set up, healthy.
MILESTONES = {
    "9ce4aa5f0b4742d29e05c9906be994f2",
    "50d00787862a43db851bec1ede27387c",
    "c199c0a98a624ac1bac0cddb0346ce06",
    "e8948dc322aa46fe8d5feb548d301caf",
    "d9fb18e8eef64ac488b6350eedd03c87",
}
#: What every plain node says where no systemd runs.
NO_SYSTEMD = "e500bddf37b043078f0f4c3c2052e52b"


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
    if priority == INFO and fields.get("message_id") in MILESTONES:
        priority = NOTICE
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


class PlainNodes:
    """The lines of agents that run as plain processes, with what is expected there folded."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._no_systemd = threading.Lock()
        self._readers: dict[str, threading.Thread] = {}

    def follow(self, node: str, folder: str, stream: IO[bytes]) -> None:
        """Show a node's lines in the background; paths below its folder are cut short."""
        reader = threading.Thread(target=self._show, args=(node, folder, stream), daemon=True)
        self._readers[node] = reader
        reader.start()

    def wait_until_shown(self, node: str, limit: float) -> None:
        """Come back when the last line of an agent that has ended is shown."""
        self._readers[node].join(limit)

    def _show(self, node: str, folder: str, stream: IO[bytes]) -> None:
        """Lines of `--log-format json`, as they come: their times are whole seconds."""
        for entry in entries(stream):
            if entry.get("message_id") == NO_SYSTEMD:
                # Taken once and never given back: the first one speaks for all.
                if self._no_systemd.acquire(blocking=False):
                    told = "no systemd here: all agents use health endpoints alone"
                    self._screen.event("", told)
                continue
            entry["message"] = text_of(entry.get("message", "")).replace(f"{folder}/", "")
            show(self._screen, node, entry, None)


def follow(screen: Screen, machine: Shell) -> threading.Event:
    """Follow a node's journal in the background, from the boot on; set when the verdict shows."""
    verdict = threading.Event()

    def watch() -> None:
        """In the background: read until the node or the demo ends."""
        # The story itself finds out what is wrong with a node, or that the demo ends.
        with suppress(AssertionError):
            reading = machine.stream(
                *("journalctl", "--follow", "--boot", "--lines=all", "--output=json"),
                f"SYSLOG_IDENTIFIER={IDENTIFIER}",
            )
            with reading:
                assert reading.stdout is not None
                show_journal(screen, machine.name, reading.stdout, verdict)

    threading.Thread(target=watch, name=f"follow {machine.name}", daemon=True).start()
    return verdict
