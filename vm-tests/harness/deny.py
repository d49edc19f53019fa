"""`cargo deny`: bans, licences and sources of all crates, and for `make deny` the advisories.

The program is of one version and built once: hosts have none, and another version may judge
otherwise. Must not loosen what deny.toml says.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import cargo_program, places, product, step
from .aside import Say
from .counts import Counts, of_check

VERSION = "0.20.2"
NAME = "crates"
#: What follows from the tree alone. An advisory that was published yesterday fails no test of it.
OF_THE_TREE = ("bans", "licenses", "sources")


def program() -> Path:
    """cargo-deny, built where it is not yet there."""
    return cargo_program.built("cargo-deny", VERSION, "cargo-deny")


def command(*which: str, manifest: Path = places.REPOSITORY / "Cargo.toml") -> tuple[str, ...]:
    """The call that checks these, or all; fails where Cargo.lock is out of date."""
    rules = f"--config={places.REPOSITORY / 'deny.toml'}"
    given = ("--locked", f"--manifest-path={manifest}", rules)
    # `make deny` shows warnings as well, `make test` errors alone.
    # An error names what needs the crate.
    quiet = ("--log-level=error",) if which else ()
    return (str(program()), *given, *quiet, "check", *which)


def of_the_tree(say: Say | None) -> Counts:
    """The step of `make test`."""
    try:
        call = command(*OF_THE_TREE)
    except RuntimeError as error:
        (say or print)(f"{error}\n")
        return Counts(NAME, failed=1)
    return of_check(NAME, step.run(call, say))


def main() -> int:
    """Everything, as `make deny`."""
    try:
        return step.run(command())
    except FileNotFoundError:
        print(product.CargoMissing(), file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
