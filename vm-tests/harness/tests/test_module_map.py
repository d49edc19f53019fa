"""The maps of the agent's modules, for readers of the crate and for contributors, are complete."""

from __future__ import annotations

import re

import pytest

from harness import places

ROOT = places.REPOSITORY / "agent" / "src" / "lib.rs"
MODULE = re.compile(r"^(?:pub )?mod (\w+);$", re.MULTILINE)
MAPS = {
    "lib.rs": "\n".join(line for line in ROOT.read_text().splitlines() if line.startswith("//!")),
    "CONTRIBUTING.md": (places.REPOSITORY / "CONTRIBUTING.md")
    .read_text()
    .partition("## Modules\n")[2]
    .partition("\n## ")[0],
}


@pytest.mark.parametrize("name", MAPS)
def test_the_map_names_every_module_and_no_other(name: str) -> None:
    modules = set(MODULE.findall(ROOT.read_text()))
    assert len(modules) > 20
    named = set(re.findall(r"`(\w+)`", MAPS[name]))
    assert modules - named == set()
    # The purpose of a module may name other things, but the first column names modules alone.
    rows = re.findall(r"^\| (`.*?`) \|", MAPS[name], re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) <= modules
