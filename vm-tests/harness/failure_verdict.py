"""Which rows of the failure modes a whole run has shown to hold.

A row holds where every test that carries it ran and passed. Must not run anything,
nor decide what a skip means (see `everything`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .counts import Counts
from .failure_rows import Holder

BAD = ("failed", "not run")


def verdict(
    numbers: Sequence[str], holders: Sequence[Holder], outcomes: Mapping[str, str]
) -> tuple[Counts, list[str]]:
    """The rows counted, and a line for each that does not hold."""
    counts, lines = Counts("failure modes"), []
    for number in numbers:
        held_by = [one for one in holders if number in one.rows]
        told = {one.name: outcomes.get(one.name, "not run") for one in held_by}
        failures = [f"{name}: {what}" for name, what in told.items() if what in BAD]
        skips = [name for name, what in told.items() if what == "skipped"]
        if not told or failures:
            counts.failed += 1
            lines.append(f"{number} does not hold: {', '.join(failures) or 'no test carries it'}")
        elif skips:
            counts.skipped.append(f"{number}: {', '.join(skips)}")
        else:
            counts.passed += 1
    return counts, lines
