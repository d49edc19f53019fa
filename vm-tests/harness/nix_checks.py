"""What can be said of the Nix files without nixpkgs: they parse, and their cases hold.

A file of `nixos-module/tests` evaluates, on bare Nix, to cases: `NAME = { expr; expected; }`,
or `NAME = { expr; expectedError = "REGEX"; }` where evaluation must fail and say so. A file
of `nixos-module/tests/with-lib` is a function of nixpkgs' `lib` to such cases. Those of the
examples, as they are shipped, are in `examples` below. Reads only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from . import places
from .nix import EvaluationFailed, Nix, quoted, string

MODULE = places.REPOSITORY / "nixos-module"
TESTS = MODULE / "tests"
#: The examples are their reader's to change: no other case may judge them.
OF_EXAMPLES = TESTS / "examples"
WITH_LIB = "with-lib"
#: Where nixpkgs' `lib` is on this host, if it is there: the folder with its `default.nix`.
LIB_VARIABLE = "NIXPKGS_LIB"
#: Whether a case holds, or how it must fail.
JUDGE = "(case: if case ? expectedError then case.expectedError else case.expr == case.expected)"


def nix_files() -> list[Path]:
    """Every Nix file of the repository."""
    below = (path for folder in (places.VM_TESTS, MODULE) for path in folder.rglob("*.nix"))
    return sorted([*places.REPOSITORY.glob("*.nix"), *below])


def case_files(folder: Path = TESTS) -> list[Path]:
    """The files of cases that need nothing but Nix."""
    return sorted(folder.glob("*.nix"))


def library() -> Path | None:
    """nixpkgs' `lib`, where the environment names one."""
    given = os.environ.get(LIB_VARIABLE)
    return Path(given).resolve(strict=True) if given else None


def case_files_with_lib(folder: Path = TESTS) -> list[Path]:
    """The files of cases that need nixpkgs' `lib` as well."""
    return case_files(folder / WITH_LIB)


def cases_of(path: Path, lib: Path | None = None) -> str:
    """The expression that a file of cases stands for."""
    imported = f"(import {quoted(path)})"
    return imported if lib is None else f"({imported} {{ lib = import {quoted(lib)}; }})"


def failures(nix: Nix, cases: str) -> tuple[int, list[str]]:
    """How many cases there are, and what is wrong with those that do not hold."""
    names = nix.value(f"builtins.attrNames {cases}")
    try:
        verdicts = nix.value(f"builtins.mapAttrs (_: {JUDGE}) {cases}")
    except EvaluationFailed:
        # One of them; the others are still to be reported.
        verdicts = {}
    return len(names), [found for name in names for found in _look(nix, cases, name, verdicts)]


def _look(nix: Nix, cases: str, name: str, verdicts: dict[str, bool | str]) -> Iterator[str]:
    """One case, looked at closely where it does not plainly hold."""
    case = f"({cases}).{string(name)}"
    try:
        verdict = verdicts[name] if name in verdicts else nix.value(f"{JUDGE} {case}")
        if isinstance(verdict, str):
            yield from _look_at_error(nix, case, name, verdict)
        elif not verdict:
            got, expected = (nix.show(f"{case}.{side}") for side in ("expr", "expected"))
            yield f"{name}:\n  got      {got}\n  expected {expected}"
    except EvaluationFailed as error:
        yield f"{name}: cannot be evaluated\n{error}"


def flush_left(text: str) -> str:
    """Its lines without their indentation."""
    return "\n".join(line.lstrip() for line in text.splitlines())


def _look_at_error(nix: Nix, case: str, name: str, pattern: str) -> Iterator[str]:
    try:
        got = nix.show(f"{case}.expr")
    except EvaluationFailed as error:
        # Before it stands where evaluation was, with the source, and thus the pattern itself.
        _, _, message = str(error).rpartition("error:")
        # Nix indents its messages.
        if not re.search(flush_left(pattern), flush_left(message)):
            yield f"{name}: the error does not match {pattern!r}\n{error}"
    else:
        yield f"{name}:\n  got      {got}\n  expected an error like {pattern!r}"
