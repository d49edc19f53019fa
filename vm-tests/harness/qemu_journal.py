"""Reads what a QEMU machine sent of its journal.

An initrd sends its part, and the system after it begins again with the same boot's first
entry, so that nothing is missing wherever a machine was cut off. Must not judge entries.
"""

from __future__ import annotations


def once(told: str) -> str:
    """Every entry once, in the order of arrival; a time is unique to the microsecond."""
    entries: list[str] = []
    for line in told.splitlines():
        # Continuation lines have no time of their own and stay with their entry.
        if line[:1].isdigit() or not entries:
            entries.append(line)
        else:
            entries[-1] += "\n" + line
    return "".join(f"{entry}\n" for entry in dict.fromkeys(entries))
