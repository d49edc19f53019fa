"""Reads plain data into typed values, and refuses what they do not know.

A key that is misspelt would else be a test that checks nothing. Must not know nodes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

T = TypeVar("T")

MODE = re.compile("[0-7]{3,4}")


class BlueprintError(ValueError):
    """`nodes.json` does not describe nodes."""


@dataclass(frozen=True)
class ExtraFile:
    """A file that lies somewhere before the first boot."""

    text: str
    mode: int = 0o644


def record(kind: type[T], data: Any, where: str, **read: Any) -> T:
    """A dataclass from the object of its name; `read` turns raw values into typed ones."""
    if not isinstance(data, dict):
        raise BlueprintError(f"{where} is {data!r}; expected an object")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(data) - set(known):
        raise BlueprintError(f"{where}: unknown keys {sorted(unknown)}; known are {sorted(known)}")
    needed = {
        name for name, field in known.items()
        if field.default is MISSING and field.default_factory is MISSING
    }  # fmt: skip
    if missing := needed - set(data):
        raise BlueprintError(f"{where}: the keys {sorted(missing)} are missing")
    return kind(**{name: read.get(name, _as_is)(value) for name, value in data.items()})


def _as_is(value: Any) -> Any:
    return value


def one_of(where: str, value: Any, allowed: Collection[Any]) -> None:
    """Refuse a value that is not among those that mean something."""
    if value not in allowed:
        raise BlueprintError(f"{where} is {value!r}; it can be {', '.join(map(repr, allowed))}")


def of_kind(where: str, value: Any, kind: type) -> None:
    """Refuse a value of another kind; true and false are no numbers."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BlueprintError(f"{where} is {value!r}; expected {kind.__name__}")


def files(data: Any, where: str) -> dict[str, ExtraFile]:
    """Files by their absolute path: `{"text": …, "mode": "0600"}`."""

    def mode(value: Any) -> int:
        """Octal digits, as chmod takes them."""
        if not isinstance(value, str) or not MODE.fullmatch(value):
            raise BlueprintError(f'{where}: mode is {value!r}; expected such as "0600"')
        return int(value, 8)

    of_kind(where, data, dict)
    if relative := [path for path in data if not path.startswith("/")]:
        raise BlueprintError(f"{where}: {relative} are no absolute paths")
    return {
        path: record(ExtraFile, entry, f"{where}: {path}", mode=mode)
        for path, entry in data.items()
    }
