"""Reads `/proc`: who is whose child, and which process is PID 1 of a node.

Must not signal anything; the parent of a process ends it.
"""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")


def parent_of(pid: int) -> int | None:
    """The parent of a process, or None when it has ended."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The second field is the command in parentheses and may hold spaces.
    return int(stat.rpartition(")")[2].split()[1])


def descendants_of(pid: int) -> list[int]:
    """All processes below one, parents before their children."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (parent := parent_of(int(entry.name))) is not None:
            parents.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = parents.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def namespace_pids(pid: int) -> list[int]:
    """The PIDs a process has, from the outermost namespace to its own."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return []
    for line in status.splitlines():
        if line.startswith("NSpid:"):
            return [int(number) for number in line.split()[1:]]
    return []


def init_below(pid: int, depth: int) -> int | None:
    """PID 1 of the namespace `depth` levels below ours, among the descendants."""
    for candidate in descendants_of(pid):
        numbers = namespace_pids(candidate)
        if len(numbers) == depth + 1 and numbers[-1] == 1:
            return candidate
    return None
