"""`make test`: every check of the repository, one summary with times, one exit code.

Goes on after a failure, so that one run shows all of them. What needs an emulator runs
beside the rest. Must not hide what the runners print.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from pathlib import Path

from . import deny, failure_rows, fuzz, places, product, rootfs, rust_tests, step
from .aside import Aside, Say, Step
from .counts import Counts, of_check, of_pytest
from .failure_verdict import verdict

REPORTS = places.CACHE / "reports"
#: What is built for the first test, or made once, is no part of the time of that test.
PYTEST = ("-m", "pytest", "--quiet", "--override-ini=junit_duration_report=call")
#: So many of the slowest tests are named.
SLOWEST = 5


def heading(name: str, say: Say | None) -> None:
    """A line that is found again in a long output."""
    line = f"\n=== {name}\n"
    if say is None:
        print(line, end="", flush=True)
    else:
        say(line)


def check(name: str, *command: str) -> Step:
    """A step that holds or does not."""

    def take(say: Say | None) -> Counts:
        """Run it."""
        heading(name, say)
        return of_check(name, step.run(command, say))

    return take


def tests_of_rust(say: Say | None) -> Counts:
    """All test binaries of the workspace; a build that fails is one failure."""
    heading(rust_tests.NAME, say)
    binaries = rust_tests.build()
    if isinstance(binaries, Counts):
        return binaries
    # The stand-ins were built with the tests: nodes started from here on use these.
    built = str(places.binary("dev", "cluster-standin"))
    os.environ.setdefault(product.STANDIN_VARIABLE, built)
    return rust_tests.run(binaries)


def at_once(number: int) -> tuple[str, ...]:
    """So many tests at a time, where pytest's plugin for that is there."""
    return (f"--numprocesses={number}",) if importlib.util.find_spec("xdist") else ()


def python_tests(
    name: str, *chosen: str | Path, suite: str | None = None, number: int = 1
) -> Step:
    """What pytest finds by these words, on another Debian where one is said."""

    def take(say: Say | None) -> Counts:
        """Run them."""
        heading(name, say)
        report = REPORTS / f"{name.replace(' ', '-')}.xml"
        report.unlink(missing_ok=True)
        command = (sys.executable, *PYTEST, *map(str, chosen), f"--junit-xml={report}")
        if number > 1:
            command += at_once(number)
        if suite is not None:
            command = ("env", f"SUITE={suite}", *command)
        return of_pytest(name, report, step.run(command, say, limit=step.LONGEST))

    return take


def failure_modes(results: list[Counts]) -> Counts:
    """Whether every row is held by tests that ran and passed."""
    heading("failure modes", None)
    # A scenario that runs on several suites holds where all of them have passed.
    every = Counts("all")
    for name, what in (one for counts in results for one in counts.outcomes.items()):
        every.note(name, what)
    counts, lines = verdict(failure_rows.numbers(), failure_rows.holders(), every.outcomes)
    for line in lines:
        print(line)
    return counts


def crates(say: Say | None) -> Counts:
    """What deny.toml says of all crates, but for advisories."""
    heading(deny.NAME, say)
    return deny.of_the_tree(say)


def fuzzing(say: Say | None) -> Counts:
    """Every fuzz target for a moment."""
    heading("fuzz", say)
    return fuzz.short()


def timed(take: Step) -> Step:
    """The same step; its counts say how long it took."""

    def timing(say: Say | None) -> Counts:
        """Take it by the clock."""
        begun = time.monotonic()
        counts = take(say)
        counts.seconds = time.monotonic() - begun
        return counts

    return timing


def minutes(seconds: float) -> str:
    """A time as a person reads it."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole} min {rest:02} s" if whole else f"{seconds:.1f} s"


def slowest(times: list[tuple[float, str]]) -> list[str]:
    """A line for each of those that took longest."""
    longest = sorted(times, reverse=True)[:SLOWEST]
    return [f"  {minutes(took):>12}  {name}" for took, name in longest]


def summary(results: list[Counts], seconds: float) -> bool:
    """Print the one block of counts and times; says whether all is well."""
    heading("summary", None)
    for counts in results:
        print(f"  {counts.name:22} {str(counts):36} {minutes(counts.seconds):>12}")
        for reason in counts.skipped:
            print(f"    skipped: {reason}")
    tests = [(took, f"{of.name}: {test}") for of in results for took, test in of.tests]
    print("slowest tests", *slowest(tests), sep="\n")
    total = Counts("total")
    for counts in results:
        total.add(counts)
    print("slowest test binaries (stable cargo times no test)", *slowest(total.binaries), sep="\n")
    # At the end: of a long log, often no more is kept.
    for counts in results:
        for failure in counts.failures or [counts.name] * min(counts.failed, 1):
            print(f"failed: {failure}")
    print(f"{minutes(total.seconds)} of steps, side by side in {minutes(seconds)}")
    skip_counts = os.environ.get("CI") == "true" and bool(total.skipped)
    if skip_counts:
        print("  CI=true: a skip is a failure")
    print(total, flush=True)
    return total.failed == 0 and not skip_counts


def main() -> int:
    """All steps: the cheapest first, and beside them what keeps one processor busy."""
    if shutil.which("cargo") is None:
        print(product.CargoMissing(), file=sys.stderr)
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    build = ("cargo", "build")
    products = ("--package", "first-boot-agent", "--package", "first-boot-topology")
    of_harness, boots = Path(__file__).parent / "tests", "test_pxe_boot.py"
    emulated, others = ("-m", "emulated"), ("-m", "not emulated")
    newest = rootfs.NEWEST
    steps: list[Step] = [
        check("format", "cargo", "fmt", "--all", "--check"),
        check("scripts", sys.executable, "-m", "harness.lint"),
        crates,
        check(
            "clippy",
            *("cargo", "clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"),
        ),
        tests_of_rust,
        fuzzing,
        # Nodes mostly wait, and each has a lab of its own. Three scenarios of four nodes would want
        # more inotify instances than a host gives by default (see `room`).
        python_tests("harness tests", of_harness, *others, number=2),
        python_tests("scenarios", places.SCENARIOS, *others, number=2),
        python_tests(
            f"scenarios on {newest}",
            *(places.SCENARIOS, "-m", "on_newest and not emulated"),
            suite=newest,
            number=2,
        ),
    ]
    beside: list[Step] = [
        check("release build", *build, "--release", *products),
        # Needs no stand-ins, which are built with the Rust tests meanwhile.
        python_tests("emulated network boots", of_harness / boots, *emulated),
        python_tests("emulated scenarios", places.SCENARIOS, *emulated),
        python_tests("emulated machines", of_harness, *emulated, f"--ignore={of_harness / boots}"),
        python_tests(
            f"emulated on {newest}",
            *(places.SCENARIOS, "-m", "on_newest and emulated"),
            suite=newest,
        ),
    ]
    begun = time.monotonic()
    aside = Aside([timed(take) for take in beside])
    results = []
    try:
        for take in map(timed, steps):
            results.append(take(None))
            aside.show()
        while (further := aside.next()) is not None:
            results.append(further(None))
        results += aside.results()
    except BaseException:
        aside.stop()
        raise
    took = time.monotonic() - begun
    return 0 if summary([*results, failure_modes(results)], took) else 1


if __name__ == "__main__":
    sys.exit(main())
