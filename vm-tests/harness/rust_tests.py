"""`cargo test --workspace` for `make test`: the test binaries side by side.

Cargo runs one after the other, and most of the time they wait: for elections, for real servers,
for limits to pass. Built by cargo, run as cargo runs them. Must not choose among them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import step
from .aside import Aside, Say, Step
from .counts import Counts, of_cargo

NAME = "rust tests"
#: With one more than two processors, what waits leaves no processor idle.
LANES = 3
#: What takes longest begins first.
LONGEST = ("etcd_faults", "first_boot_agent", "toy_protocol", "etcd_join")
TEST = ("cargo", "test", "--workspace")


@dataclass(frozen=True)
class Binary:
    """One test binary."""

    name: str
    executable: str
    #: Where cargo runs it: the folder of its package.
    folder: Path

    def take(self, _say: Say | None) -> Counts:
        """Run it, and show in one piece what it printed."""
        lines = [f"     Running {self.name} ({self.executable})\n"]
        command = ("env", f"--chdir={self.folder}", f"CARGO_MANIFEST_DIR={self.folder}")
        code = step.run((*command, self.executable), lines.append)
        print("".join(lines), end="", flush=True)
        counts = of_cargo(NAME, lines, code)
        # One that ends without a word has tested nothing.
        if not any(line.startswith("test result: ") for line in lines):
            counts.failed += 1
        return counts


def built(messages: Iterable[str]) -> list[Binary]:
    """The test binaries that cargo's messages name, in the order in which to start them."""
    found = []
    for message in (json.loads(line) for line in messages if line.startswith("{")):
        if message.get("executable") and message["profile"]["test"]:
            folder = Path(message["manifest_path"]).parent
            found.append(Binary(message["target"]["name"], message["executable"], folder))
    return sorted(found, key=lambda one: LONGEST.index(one.name) if one.name in LONGEST else 99)


def build() -> list[Binary] | Counts:
    """Build the tests of all crates; where that fails, the failure."""
    messages: list[str] = []
    printed: list[str] = []

    def sort(line: str) -> None:
        """Cargo's messages are for us, all else is for the reader."""
        if line.startswith("{"):
            messages.append(line)
        else:
            printed.append(line)
            print(line, end="", flush=True)

    command = (*TEST, "--no-run", "--message-format=json-render-diagnostics")
    code = step.run(command, sort)
    return built(messages) if code == 0 else of_cargo(NAME, printed, code)


def documentation(_say: Say | None) -> Counts:
    """The examples in the documentation, which have no binary."""
    lines: list[str] = []
    code = step.run((*TEST, "--doc"), lines.append)
    print("".join(lines), end="", flush=True)
    return of_cargo(NAME, lines, code)


def run(binaries: list[Binary]) -> Counts:
    """Run all of them."""
    steps: list[Step] = [*(binary.take for binary in binaries), documentation]
    running = Aside(steps, LANES)
    try:
        results = running.results()
    except BaseException:
        running.stop()
        raise
    total = Counts(NAME, failed=0 if binaries else 1)
    for counts in results:
        total.add(counts)
    return total
