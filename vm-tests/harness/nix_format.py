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

from .made_once import made_once, run

CRATE = "nixfmt_rs"
VERSION = "0.5.3"
#: Whoever has nixfmt can have it used instead: its path.
VARIABLE = "NIXFMT"
#: Some thirty small crates, without optimisation.
BUILD_LIMIT = 900.0
LIMIT = 300.0


@cache
def nixfmt() -> Path:
    """The formatter, built first where it is missing."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    return made_once(f"nixfmt-{VERSION}", _build) / "bin" / "nixfmt"


def _build(work: Path) -> Path:
    print(f"building {CRATE} {VERSION} (once)")
    root = work / "root"
    install = ["cargo", "install", "--quiet", "--debug", "--locked", "--version", VERSION]
    folders = ["--root", str(root), "--target-dir", str(work / "target")]
    # Not in the repository: its .cargo/config.toml is about the product.
    outside = Path("/")
    run([*install, *folders, CRATE], "is crates.io reachable?", BUILD_LIMIT, folder=outside)
    return root


def check(files: Sequence[Path]) -> str:
    """What nixfmt finds to change; nothing where all is well."""
    if not files:
        return ""
    command = [str(nixfmt()), "--check", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    return "" if done.returncode == 0 else done.stdout + done.stderr
