"""Counts and times what the test runners report: cargo's lines and pytest's JUnit file.

Stable cargo prints how long a test binary took, not each of its tests.

Reads only; must not decide what a skip means (see `everything`).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from pathlib import Path

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")
OUTCOME = re.compile(r"^test (?:\S+::)?(\w+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)\b")
OUTCOMES = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
SEVERITY = ("passed", "skipped", "failed")
#: What cargo says before it runs a binary, and the end of its result.
BINARY = re.compile(r"^ +Running .*/(\w+)-[0-9a-f]+\)")
TOOK = re.compile(r"; finished in ([\d.]+)s$")
IGNORED = re.compile(r"^test (\S+) .*\.\.\. ignored(?:, (.*))?$")
#: Before what cargo prints of a test that failed.
FAILURE = re.compile(r"^---- (.+) stdout ----$")
#: Before what a test that failed printed itself, or after it: why it did.
PANIC = re.compile(r"\bpanicked at ")
#: Before why there is nothing to run.
ERROR = re.compile(r"^error\b")
#: So many lines say why a test failed, of so many characters: several fit in the end of a long log.
REASON, WIDTH = 6, 200


@dataclass
class Counts:
    """One line of the summary."""

    name: str
    passed: int = 0
    failed: int = 0
    #: What was skipped, each with its reason.
    skipped: list[str] = field(default_factory=list)
    #: What failed, each with the beginning of its reason.
    failures: list[str] = field(default_factory=list)
    #: What came of each test, by its name alone: "passed", "failed" or "skipped".
    outcomes: dict[str, str] = field(default_factory=dict)
    #: How long the step took, each of its tests where that is known, and cargo's test binaries.
    seconds: float = 0.0
    tests: list[tuple[float, str]] = field(default_factory=list)
    binaries: list[tuple[float, str]] = field(default_factory=list)

    def fail(self, name: str, reason: Iterable[str]) -> None:
        """One test that failed, and what was printed of it."""
        begun = [line.rstrip()[:WIDTH] for line in reason if line.strip()][:REASON]
        self.failures.append("\n    ".join([f"{self.name}: {name}", *begun]))

    def note(self, name: str, outcome: str) -> None:
        """Of the cases of one test the worst counts."""
        worst = max(outcome, self.outcomes.get(name, outcome), key=SEVERITY.index)
        self.outcomes[name] = worst

    def add(self, other: Counts) -> None:
        """Take the counts and times of another one in; time side by side adds up as well."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.seconds += other.seconds
        self.tests += other.tests
        self.binaries += other.binaries
        for name, outcome in other.outcomes.items():
            self.note(name, outcome)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {len(self.skipped)} skipped"


def beginning(first: re.Pattern[str], lines: Iterable[str]) -> list[str]:
    """The lines from the first one of this kind on."""
    return list(dropwhile(lambda line: not first.search(line), lines))


def of_cargo(name: str, lines: Iterable[str], code: int) -> Counts:
    """The sum over all test binaries; a build that failed is one failure."""
    counts, lines = Counts(name), list(lines)

    def of_this_one(line: str) -> bool:
        """Whether it belongs to the failure whose text is being read."""
        return not line.startswith(("---- ", "failures:"))

    ignored = 0
    binary = ""
    for number, line in enumerate(lines):
        if failure := FAILURE.match(line.rstrip()):
            printed = list(takewhile(of_this_one, lines[number + 1 :]))
            counts.fail(failure[1], beginning(PANIC, printed) or printed)
        if running := BINARY.match(line):
            binary = running[1]
        if told := OUTCOME.match(line):
            counts.note(told[1], OUTCOMES[told[2]])
        if result := RESULT.match(line):
            counts.passed += int(result[1])
            counts.failed += int(result[2])
            ignored += int(result[3])
            if took := TOOK.search(line):
                counts.binaries.append((float(took[1]), binary))
        elif skip := IGNORED.match(line.rstrip()):
            counts.skipped.append(f"{skip[1]}: {skip[2] or 'ignored'}")
    # Quiet runs do not name what they ignore.
    counts.skipped += ["ignored"] * (ignored - len(counts.skipped))
    if code != 0 and counts.failed == 0:
        # Not built, or killed.
        counts.failed = 1
        counts.fail(f"code {code}, and no test failed", beginning(ERROR, lines))
    return counts


def of_pytest(name: str, report: Path, code: int) -> Counts:
    """The cases of a JUnit file; a run that left none is one failure."""
    counts = Counts(name)
    cases = ElementTree.parse(report).iter("testcase") if report.exists() else ()
    for case in cases:
        # A test with parameters is one test.
        test = str(case.get("name")).partition("[")[0]
        counts.tests.append((float(case.get("time", 0)), str(case.get("name"))))
        # Not by truth: an element without children is false.
        wrong = [case.find(kind) for kind in ("failure", "error")]
        if (failure := next((one for one in wrong if one is not None), None)) is not None:
            counts.failed += 1
            counts.fail(str(case.get("name")), failure.get("message", "").splitlines())
            counts.note(test, "failed")
        elif (skip := case.find("skipped")) is not None:
            counts.skipped.append(f"{case.get('name')}: {skip.get('message')}")
            counts.note(test, "skipped")
        else:
            counts.passed += 1
            counts.note(test, "passed")
    if code != 0 and counts.failed == 0:
        counts.failed = 1
    return counts


def of_check(name: str, code: int) -> Counts:
    """A check that either holds or does not."""
    return Counts(name, passed=int(code == 0), failed=int(code != 0))
