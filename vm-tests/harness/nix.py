"""Nix as an evaluator: Debian's own package of it, beside the system.

Bookworm's Nix is of 2022, so it is trixie's that is unpacked, and run through its own
loader and libraries. It has a store and a state of its own, no daemon, no channels and no
configuration of the host; it is never asked to build or to fetch. Must not judge what
comes out: see `nix_checks`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import places, unpacked

SUITE = "trixie"
PACKAGES = ("nix-bin",)
#: The path of an installed `nix-instantiate` to use instead.
VARIABLE = "NIX_INSTANTIATE"
#: An evaluation takes a fraction of a second; an endless recursion is ended.
LIMIT = 300.0
#: No build users are there, and none are needed.
SETTINGS = "build-users-group =\nsubstituters =\n"


class EvaluationFailed(Exception):
    """Nix refused; the text is what it said."""


@dataclass(frozen=True)
class Nix:
    """A `nix-instantiate` and the folder that it may write to."""

    command: tuple[str, ...]
    state: Path

    def run(self, *arguments: str, **more: str) -> str:
        """Its standard output, or `EvaluationFailed` with its standard error."""
        environment = {
            **more,
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.state),
            "NIX_CONF_DIR": str(self.state),
            "NIX_CONFIG": SETTINGS,
            "NIX_PATH": "",
            "NIX_STATE_DIR": str(self.state / "var"),
            "NIX_STORE_DIR": str(self.state / "store"),
        }
        done = subprocess.run(
            [*self.command, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        if done.returncode != 0:
            raise EvaluationFailed(done.stderr.strip())
        return done.stdout

    def parse(self, files: Sequence[Path]) -> None:
        """Whether all of these are Nix."""
        self.run("--parse", *map(str, files))

    def show(self, expression: str) -> str:
        """A value as Nix prints it."""
        return self.run("--eval", "--strict", "--expr", expression).strip()

    def value(self, expression: str) -> Any:
        """A value of strings, numbers, lists and attribute sets."""
        return json.loads(self.run("--eval", "--strict", "--json", "--expr", expression))

    def work(self, expression: str) -> int:
        """How many functions are called to evaluate an expression: the same in every run."""
        counts = self.state / f"work-{os.getpid()}.json"
        show = {"NIX_SHOW_STATS": "1", "NIX_SHOW_STATS_PATH": str(counts)}
        self.run("--eval", "--strict", "--expr", expression, **show)
        counted = json.loads(counts.read_text())
        counts.unlink()
        return int(counted["nrFunctionCalls"]) + int(counted["nrPrimOpCalls"])


@cache
def nix() -> Nix:
    """The evaluator, unpacked first where it is missing."""
    state = places.CACHE / "nix-state"
    if given := os.environ.get(VARIABLE):
        return Nix((given,), state)
    root = unpacked.folder("nix", SUITE, PACKAGES, print)
    (loader,) = root.glob("usr/lib*/ld-linux-*.so.*")
    (libraries,) = root.glob("usr/lib/*-linux-gnu")
    program = str(root / "usr" / "bin" / "nix")
    # One program under many names: what it does follows from the name that it is called by.
    called = ("--library-path", str(libraries), "--argv0", "nix-instantiate", program)
    return Nix((str(loader), *called), state)


def string(text: str) -> str:
    """A text as a Nix expression, whatever is in it."""
    return json.dumps(text, ensure_ascii=False).replace("$", "\\$")


def quoted(path: Path) -> str:
    """A path as a Nix expression, whatever is in its name."""
    return f"(/. + {string(str(path))})"
