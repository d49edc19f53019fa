"""`make test`: every check of the repository, one summary, one exit code.

Goes on after a failure, so that one run shows all of them. Must not hide what
the runners print.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from . import failure_rows, fuzz, places, product, step
from .counts import Counts, of_cargo, of_check, of_pytest
from .failure_verdict import verdict

REPORTS = places.CACHE / "reports"
PYTEST = ("-m", "pytest", "--quiet")


def heading(text: str) -> None:
    """A line that is found again in a long output."""
    print(f"\n=== {text}", flush=True)


def check(name: str, *command: str) -> Counts:
    """A step that holds or does not."""
    heading(name)
    return of_check(name, step.run(command))


def rust_tests() -> Counts:
    """`cargo test`, passed on line by line and counted."""
    heading("rust tests")
    lines: list[str] = []

    def pass_on(line: str) -> None:
        """Show it, and keep it."""
        print(line, end="", flush=True)
        lines.append(line)

    code = step.run(("cargo", "test", "--workspace"), pass_on)
    return of_cargo("rust tests", lines, code)


def python_tests(name: str, folder: Path) -> Counts:
    """What pytest finds below a folder."""
    heading(name)
    report = REPORTS / f"{name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    command = (sys.executable, *PYTEST, str(folder), f"--junit-xml={report}")
    # Each test has a deadline of its own; a few that reach it leave the others their time.
    code = step.run(command, limit=2 * step.LIMIT)
    return of_pytest(name, report, code)


def failure_modes(results: list[Counts]) -> Counts:
    """Whether every row is held by tests that ran and passed."""
    heading("failure modes")
    outcomes = {name: what for counts in results for name, what in counts.outcomes.items()}
    counts, lines = verdict(failure_rows.numbers(), failure_rows.holders(), outcomes)
    for line in lines:
        print(line)
    return counts


def fuzzing() -> Counts:
    """Every fuzz target for a moment."""
    heading("fuzz")
    return fuzz.short()


def summary(results: list[Counts]) -> bool:
    """Print the one block of counts; says whether all is well."""
    heading("summary")
    for counts in results:
        print(f"  {counts.name:22} {counts}")
        for reason in counts.skipped:
            print(f"    skipped: {reason}")
    total = Counts("total")
    for counts in results:
        total.passed += counts.passed
        total.failed += counts.failed
        total.skipped += counts.skipped
    skip_counts = os.environ.get("CI") == "true" and bool(total.skipped)
    if skip_counts:
        print("  CI=true: a skip is a failure")
    print(total, flush=True)
    return total.failed == 0 and not skip_counts


def main() -> int:
    """All steps, cheapest first."""
    if shutil.which("cargo") is None:
        print(product.CargoMissing(), file=sys.stderr)
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    build = ("cargo", "build")
    steps: list[Callable[[], Counts]] = [
        lambda: check("format", "cargo", "fmt", "--all", "--check"),
        lambda: check("scripts", sys.executable, "-m", "harness.lint"),
        lambda: check(
            "clippy",
            *("cargo", "clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"),
        ),
        rust_tests,
        fuzzing,
        lambda: check("release build", *build, "--release", "--package", "first-boot-agent"),
        lambda: check(
            "stand-in build", *build, "--profile", "standin", "--package", "cluster-standin"
        ),
        lambda: python_tests("harness tests", Path(__file__).parent / "tests"),
        lambda: python_tests("scenarios", places.SCENARIOS),
    ]
    results = [take() for take in steps]
    return 0 if summary([*results, failure_modes(results)]) else 1


if __name__ == "__main__":
    sys.exit(main())
