"""Formatting of the Nix files: nixfmt's (RFC 166), by its Rust implementation.

Debian has no nixfmt; crates.io has one that promises the same output byte for byte, so
the cargo that builds the agent builds it as well, once. Must not write to the files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from . import cargo_program

CRATE = "nixfmt_rs"
VERSION = "0.5.3"
#: The path of an installed nixfmt to use instead.
VARIABLE = "NIXFMT"
LIMIT = 300.0


@cache
def nixfmt() -> Path:
    """The formatter, built first where it is missing."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    return cargo_program.built(CRATE, VERSION, "nixfmt")


def check(files: Sequence[Path]) -> str:
    """What nixfmt finds to change; nothing where all is well."""
    if not files:
        return ""
    command = [str(nixfmt()), "--check", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    return "" if done.returncode == 0 else done.stdout + done.stderr
