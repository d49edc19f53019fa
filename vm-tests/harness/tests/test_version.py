"""What shows the product's version shows the one that is built."""

from __future__ import annotations

import re
import tomllib

from harness import places

VERSION = tomllib.loads((places.REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"][
    "version"
]
SHOWN = re.compile(r"(?:first-boot-agent[ _]|\bVersion )(\d+\.\d+\.\d+)")


def test_readme_book_and_demo_show_the_version_that_is_built() -> None:
    docs = places.REPOSITORY / "docs"
    pages = [places.REPOSITORY / "README.md", docs / "demo.svg", *docs.glob("src/**/*.md")]
    shown = {(page.name, version) for page in pages for version in SHOWN.findall(page.read_text())}
    assert {name for name, _ in shown} >= {"README.md", "demo.svg"}
    assert {version for _, version in shown} == {VERSION}, shown


def test_the_changelog_has_the_version_with_its_date() -> None:
    text = (places.REPOSITORY / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[{re.escape(VERSION)}\] - \d{{4}}-\d\d-\d\d$", text, re.M)
