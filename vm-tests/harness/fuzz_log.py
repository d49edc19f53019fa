"""Reads what libFuzzer has written: how far it came, or what it found.

Reads only; must not decide what a finding means for the run.
"""

from __future__ import annotations

import re
from pathlib import Path

DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)
COVERAGE = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
PANIC = re.compile(r"panicked at (.*(?:\n.*)*?)\n(?:stack backtrace|note: run with|=+ ?\d+)")
UNIT = re.compile(r"Test unit written to (\S+)")


def progress(log: str) -> str:
    """Executions and coverage, as the last lines have them."""
    done, covered = DONE.search(log), COVERAGE.findall(log)
    if done is None or not covered:
        return "no figures in its log"
    edges, features, cases = covered[-1]
    return (
        f"{int(done[1]):,} runs in {done[2]} s,"
        f" {edges} edges, {features} features, {cases} cases"
    )


def finding(target: str, log: str, path: Path) -> str:
    """What broke, the input that breaks it, and what to do with it."""
    panic, unit = PANIC.search(log), UNIT.search(log)
    last = (log.strip().splitlines() or ["no output"])[-1]
    return "\n    ".join(
        [
            panic[1] if panic else last,
            *([f"input: {unit[1]}"] if unit else []),
            f"log: {path}",
            f"fix it, then keep the input as agent/fuzz/corpus/{target}/found-WHAT-IT-IS",
        ]
    )
