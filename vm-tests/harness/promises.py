"""`make generate`: the page of which test holds which promise, from the table and from the tests.

Must not name a test that does not exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from . import places
from .failure_rows import Holder, tests

TABLE = places.VM_TESTS / "promises.json"
PAGE = places.REPOSITORY / "docs" / "src" / "contributing" / "promise-tests.md"
FUZZ_CORPUS = places.REPOSITORY / "agent" / "fuzz" / "corpus"
NIX_CASES = places.REPOSITORY / "nixos-module" / "tests"
HEAD = """\
# Which test holds which promise

<!-- Generated from vm-tests/promises.json and the tests by `make generate`; do not edit. -->

What operators may rely on, and its known limitations, is in
[Promises](../explanation/promises.md). This page names the tests. A name that begins with a letter
and a number also holds that row of the [failure modes](../reference/failure-modes.md). Rust tests
need only cargo; scenarios and tests of the harness need root and namespaces.
"""


def table() -> list[dict[str, Any]]:
    """The promises, in their order."""
    promises: list[dict[str, Any]] = json.loads(TABLE.read_text())
    return promises


def known() -> dict[str, Holder]:
    """Everything that may hold a promise, by its name."""
    return {one.name: one for one in [*_nix_cases(), *_fuzz_targets(), *tests()]}


def _fuzz_targets() -> Iterator[Holder]:
    for path in sorted(FUZZ_CORPUS.iterdir()):
        where = str(path.relative_to(places.REPOSITORY))
        yield Holder(path.name, where, (), f"make fuzz TARGET={path.name}")


def _nix_cases() -> Iterator[Holder]:
    for path in sorted(NIX_CASES.rglob("*.nix")):
        for name in re.findall(r"^  (\w+) = \{$", path.read_text(), re.MULTILINE):
            yield Holder(name, str(path.relative_to(places.REPOSITORY)), (), "make nix")


def section(promise: dict[str, Any], found: dict[str, Holder]) -> str:
    """One promise: what is tested, by which tests, and what none of them tries."""
    parts = [f"## {promise['promise']}. {promise['title']}"]
    for group in promise["held"]:
        missing = [name for name in group["tests"] if name not in found]
        if missing:
            raise ValueError(f"{TABLE}: promise {promise['promise']}: no test {', '.join(missing)}")
        lines = [f"| {group['what']} | in | run alone |", "|---|---|---|"]
        for one in (found[name] for name in group["tests"]):
            lines.append(f"| `{one.name}` | `{one.path}` | `{one.command}` |")
        parts.append("\n".join(lines))
    if untried := [f"- {one}" for one in promise["in_part"]]:
        parts.append("\n".join(["Not tried, or only in part:", "", *untried]))
    return "\n\n".join(parts)


def page() -> str:
    """The whole page."""
    found = known()
    return "\n\n".join([HEAD.rstrip(), *(section(one, found) for one in table())]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
