"""The rows of `failure-modes.json`, and the tests with the rows they hold, found in the sources.

A Rust or harness test carries the rows in its name (`m2_m3_…`, `test_d1_…`), a
scenario in its `nodes.json`. Reads only; what a run made of the tests is judged in
`failure_verdict`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import blueprint, places

TABLE = places.VM_TESTS / "failure-modes.json"
#: The packages whose tests `cargo test --workspace` runs.
PACKAGES = {
    places.REPOSITORY / "agent": "first-boot-agent",
    places.REPOSITORY / "agent" / "config": "first-boot-config",
    places.REPOSITORY / "topology": "first-boot-topology",
    places.VM_TESTS / "cluster": "cluster-standin",
}
NAMED = re.compile(r"(?:test_)?((?:[mnsdxef]\d+_)+)\w+")
#: A test's attribute, further attributes and comments, then its function.
RUST_TEST = re.compile(
    r"#\[(?:tokio::)?test\b[^\n]*\n(?P<between>(?:\s*(?:#\[|//)[^\n]*\n)*)"
    r"\s*(?:pub(?:\(\w+\))?\s+)?(?:async\s+)?fn\s+(?P<name>\w+)"
)


@dataclass(frozen=True)
class Row:
    """One way in which a first boot goes wrong."""

    number: str
    title: str
    elsewhere: str
    here: str


@dataclass(frozen=True)
class Holder:
    """A test, and the rows that it holds, if any."""

    name: str
    path: str
    rows: tuple[str, ...]
    #: Runs it alone.
    command: str


def table() -> dict[str, list[Row]]:
    """The parts of the table, each with its rows."""
    return {
        part["part"]: [
            Row(row["row"], row["title"], row["elsewhere"], row["here"]) for row in part["rows"]
        ]
        for part in json.loads(TABLE.read_text())
    }


def numbers() -> list[str]:
    """All rows' numbers, in the table's order."""
    return [row.number for rows in table().values() for row in rows]


def rows_in(name: str) -> tuple[str, ...]:
    """The rows that the name of a test carries."""
    named = NAMED.fullmatch(name)
    return tuple(named[1].upper().rstrip("_").split("_")) if named else ()


def holders() -> list[Holder]:
    """Every test that carries a row, in the order of its path."""
    return [one for one in tests() if one.rows]


def tests() -> list[Holder]:
    """Every test and scenario, in the order of its path."""
    return [*_rust_tests(), *_harness_tests(), *_scenarios()]


def _relative(path: Path) -> str:
    return str(path.relative_to(places.REPOSITORY))


def _rust_tests() -> Iterator[Holder]:
    for folder, package in PACKAGES.items():
        for path in sorted((folder / "src").rglob("*.rs")) + sorted(
            (folder / "tests").rglob("*.rs")
        ):
            for name in rust_tests(path.read_text()):
                target = target_of(folder, path.relative_to(folder))
                command = f"cargo test --package {package} {target} {name}"
                yield Holder(name, _relative(path), rows_in(name), command)


def rust_tests(text: str) -> list[str]:
    """The test functions of a source file that a plain run does not leave out."""
    found = RUST_TEST.finditer(text)
    return [test["name"] for test in found if "#[ignore" not in test["between"]]


def target_of(folder: Path, path: Path) -> str:
    """The option of cargo that builds the binary in which the tests of a file are."""
    if path.parts[0] == "src":
        return "--bins" if path == Path("src/main.rs") else "--lib"
    name, tests = Path(path.parts[1]).stem, folder / "tests"
    if (tests / f"{name}.rs").exists() or (tests / name / "main.rs").exists():
        return f"--test {name}"
    # A module beside the binaries: the first one that has it.
    uses = re.compile(rf"^\s*(?:pub\s+)?mod {name};", re.MULTILINE)
    users = [one for one in sorted(tests.glob("*.rs")) if uses.search(one.read_text())]
    if not users:
        raise ValueError(f"{folder / path}: no binary in {tests} has the module {name}")
    return f"--test {users[0].stem}"


def _harness_tests() -> Iterator[Holder]:
    for path in sorted((places.HARNESS / "tests").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                where = _relative(path)
                command = f"/usr/bin/python3 -m pytest {where}::{node.name}"
                yield Holder(node.name, where, rows_in(node.name), command)


def _scenarios() -> Iterator[Holder]:
    for path in sorted(places.SCENARIOS.glob("*/nodes.json")):
        name = path.parent.name
        command = f"make scenario NAME={name}"
        yield Holder(name, _relative(path.parent), blueprint.rows(path), command)
