"""Where things lie: the repository, the build's output, the harness' cache.

Must not create anything: the writer of a file makes its folder.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VM_TESTS = REPOSITORY / "vm-tests"
SCENARIOS = VM_TESTS / "scenarios"
HARNESS = VM_TESTS / "harness"
UNITS = HARNESS / "units"

#: Everything that outlives a run: root file systems and the last run's logs.
CACHE = REPOSITORY / "target" / "vm-tests"
LOGS = CACHE / "logs"

#: Where a lab keeps the disks of its nodes, inside its own mount namespace.
LAB = Path("/run/lab")


def cargo_output() -> Path:
    """The folder cargo writes to, as cargo itself decides it."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")


@cache
def host_triple() -> str:
    """The target that `.cargo/config.toml` calls `host-tuple`."""
    described = subprocess.run(
        ["rustc", "-vV"], check=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=300
    ).stdout
    for line in described.splitlines():
        if line.startswith("host: "):
            return line.removeprefix("host: ").strip()
    raise RuntimeError(f"rustc -vV names no host triple: {described!r}")


def binary(profile: str, name: str) -> Path:
    """A binary as built for this host in the given cargo profile."""
    folder = "debug" if profile == "dev" else profile
    return cargo_output() / host_triple() / folder / name
