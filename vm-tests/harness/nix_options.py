"""Writes the reference of the NixOS options, from the modules' own declarations.

Needs nixpkgs' `lib`, so the page is committed: `NIXPKGS_LIB=… make generate` makes it again,
and `make nix` with the same variable fails when it is out of date. Must not explain more than
the descriptions do.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import nix_checks, places
from .nix import nix, quoted

PAGE = places.REPOSITORY / "docs" / "src" / "reference" / "nixos-options.md"
OPENING = """# NixOS options

<!-- Generated from nixos-module by `NIXPKGS_LIB=… make generate`; do not edit. -->

What the modules of `nixos-module` declare; `nixosModules.default`, or importing the directory,
brings all of them. Nothing is on by importing. How they are used: [NixOS](../how-to/nixos.md).
`nix-nos.clusters` and `services.pxe-boot-server` have pages of their own:
[the topology](topology.md), [the PXE server](pxe-server.md).

"""
#: How nixpkgs marks what a text names; plain Markdown has no such thing.
ROLE = re.compile(r"\{(?:option|file|command|env|var|manpage)\}(?=`)")
#: Every service has the same options, so one of them stands for all.
SHOWN = "chainfire"
SECTIONS = (
    (
        "The agent",
        "services.first-boot-automation.",
        "",
    ),
    (
        "A service of the platform",
        f"services.{SHOWN}.",
        f"Shown for {SHOWN}. The other services have the same, with the ports of this table:",
    ),
    (
        "fiberlb's announcements",
        "services.fiberlb.bgp.",
        "",
    ),
    (
        "Monitoring",
        "nix-nos.monitoring.",
        "",
    ),
)


def declared(lib: Path) -> list[dict[str, Any]]:
    """All options, as nixpkgs' own documentation gets them."""
    stubs = quoted(nix_checks.TESTS / "stubs" / "nixos.nix")
    parts = ("first-boot-automation.nix", "services", "monitoring.nix")
    modules = " ".join(quoted(nix_checks.MODULE / part) for part in parts)
    options: list[dict[str, Any]] = nix().value(
        f"let lib = import {quoted(lib)}; text = value: if value == null then null"
        " else if builtins.isString value then value else value.text or null; in"
        " map (o: { inherit (o) name type; description = text (o.description or null);"
        " default = text (o.default or null); example = text (o.example or null); })"
        f" (builtins.filter (o: o.visible && !o.internal) (lib.optionAttrSetToDocList"
        f' (import {stubs} {{ inherit lib; result = "options"; }} [ {modules} ])))'
    )
    return options


def ports() -> Iterator[str]:
    """The table of services."""
    table = nix().value(f"(import {quoted(nix_checks.MODULE / 'lib' / 'services.nix')}).table")
    yield "| service | what it is | ports |"
    yield "|---|---|---|"
    for name, row in table.items():
        shown = ", ".join(f"`{port}` {number}" for port, number in row["ports"].items())
        yield f"| `{name}` | {row['description']} | {shown} |"
    yield ""


def entry(option: dict[str, Any]) -> Iterator[str]:
    """One option."""
    yield f"### `{option['name']}`"
    yield ""
    yield ROLE.sub("", option["description"].strip())
    yield ""
    yield f"*Type:* {option['type']}"
    for word in ("default", "example"):
        value = option[word]
        if value is None:
            continue
        if "\n" in value:
            yield from ("", f"*{word.capitalize()}:*", "", "```nix", value.strip(), "```")
        else:
            yield from ("", f"*{word.capitalize()}:* `{value}`")
    yield ""


def page(lib: Path) -> str:
    """The whole page."""
    options = declared(lib)
    lines: list[str] = []
    for title, prefix, words in SECTIONS:
        lines += [f"## {title}", ""]
        if words:
            lines += [words, "", *ports()]
        chosen = [option for option in options if option["name"].startswith(prefix)]
        for option in sorted(chosen, key=lambda option: option["name"]):
            lines += entry(option)
    return OPENING + "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write it, where a `lib` is at hand."""
    lib = nix_checks.library()
    if lib is None:
        print(f"{nix_checks.LIB_VARIABLE} is not set: {PAGE.name} stays as it is")
        return 0
    PAGE.write_text(page(lib))
    return 0


if __name__ == "__main__":
    sys.exit(main())
