"""`make generate`: the page of the failure modes, from the table and from the tests.

Must not say anything that neither of them says.
"""

from __future__ import annotations

import re

from . import places
from .failure_rows import Holder, Row, holders, table

PAGE = places.REPOSITORY / "docs" / "src" / "reference" / "failure-modes.md"
#: What GitHub calls an issue or a pull request, and the two kinds of advisories.
LINKS = (
    (re.compile(r"\b([\w.-]+/[\w.-]+)#(\d+)"), r"[\g<0>](https://github.com/\1/issues/\2)"),
    (re.compile(r"\bGHSA(-\w{4}){3}\b"), r"[\g<0>](https://github.com/advisories/\g<0>)"),
    (re.compile(r"\bCVE-\d+-\d+\b"), r"[\g<0>](https://nvd.nist.gov/vuln/detail/\g<0>)"),
)
HEAD = """\
# Failure modes

<!-- Generated from vm-tests/failure-modes.json and the tests by `make generate`; do not edit. -->

What goes wrong at first boot in the field, gathered from the public trackers of the systems that
do this job; what this agent does instead; and the tests that hold it. A test carries the numbers of
its rows, in its name or in a scenario's `nodes.json`. `make test` fails with a row's number where
one of its tests fails or did not run, or where there is none. A test that holds a row in part
carries its number too; [Which test holds which promise](../contributing/promise-tests.md) lists
what is not held.

Tests of Rust need nothing but cargo; scenarios and tests of the harness need root and namespaces.
"""


def linked(text: str) -> str:
    """The text, its references as links."""
    for reference, link in LINKS:
        text = reference.sub(link, text)
    return text


def section(row: Row, held_by: list[Holder]) -> str:
    """One row: what happens elsewhere and here, and how to run its tests alone."""
    told = [
        f"### {row.number}: {row.title}",
        f"**Elsewhere:** {linked(row.elsewhere)}",
        f"**Here:** {row.here}",
    ]
    if held_by:
        lines = ["| held by | in | run alone |", "|---|---|---|"]
        lines += [f"| `{one.name}` | `{one.path}` | `{one.command}` |" for one in held_by]
        told.append("\n".join(lines))
    else:
        told.append("**No test holds this row.**")
    return "\n\n".join(told)


def page() -> str:
    """The whole page."""
    found = holders()
    parts = [HEAD.rstrip()]
    for part, rows in table().items():
        parts.append(f"## {part}")
        parts += [section(row, [one for one in found if row.number in one.rows]) for row in rows]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
