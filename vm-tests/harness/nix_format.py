"""Formatting of the Nix files: nixfmt's (RFC 166), by its Rust implementation.

Debian has no nixfmt; crates.io has one that promises the same output byte for byte, so
the cargo that builds the agent builds it as well, once. Must not write to the files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from . import ending, leftovers, places

CRATE = "nixfmt_rs"
VERSION = "0.5.3"
#: Whoever has nixfmt can have it used instead: its path.
VARIABLE = "NIXFMT"
#: Some thirty small crates, without optimisation.
BUILD_LIMIT = 900.0
LIMIT = 120.0


@cache
def nixfmt() -> Path:
    """The formatter, built first where it is missing."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    made = places.CACHE / f"nixfmt-{VERSION}"
    if not made.is_dir():
        leftovers.sweep_folders()
        work = places.CACHE / f"building-{os.getpid()}-nixfmt"
        work.mkdir(parents=True)
        try:
            print(f"building {CRATE} {VERSION} (once)")
            _build(work)
            (work / "root").rename(made)
        except OSError:
            # Another run was quicker; its copy is as good.
            if not made.is_dir():
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return made / "bin" / "nixfmt"


def _build(work: Path) -> None:
    building = subprocess.Popen(
        [
            *("cargo", "install", "--quiet", "--debug", "--locked", "--version", VERSION),
            *("--root", str(work / "root"), "--target-dir", str(work / "target"), CRATE),
        ],
        # Not in the repository: its .cargo/config.toml is about the product.
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = building.communicate(timeout=BUILD_LIMIT)
    except BaseException:
        ending.end(building)
        raise
    if building.returncode != 0:
        raise RuntimeError(f"cargo install {CRATE} failed; is crates.io reachable?\n{said}")


def check(files: Sequence[Path]) -> str:
    """What nixfmt finds to change; nothing where all is well."""
    if not files:
        return ""
    command = [str(nixfmt()), "--check", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    return "" if done.returncode == 0 else done.stdout + done.stderr
