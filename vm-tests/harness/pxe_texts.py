"""The texts of the PXE server, as bare Nix renders them for the tests.

Settings are those of `nixos-module/examples/pxe`, changed only where they name places of
NixOS. Must not look into the texts: the tests do.
"""

from __future__ import annotations

import json
from typing import Any

from . import nix_checks
from .nix import nix, quoted

LIBRARY = nix_checks.MODULE / "lib" / "pxe"
EXAMPLES = nix_checks.MODULE / "examples" / "pxe"


def names() -> list[str]:
    """The examples there are; one file for each."""
    return sorted(path.stem for path in EXAMPLES.glob("*.nix") if path.stem != "default")


def example(name: str) -> dict[str, Any]:
    """What an example sets."""
    return nix().value(f"(import {quoted(EXAMPLES)}).{json.dumps(name)}")


def rendered(settings: dict[str, Any]) -> dict[str, str]:
    """All files of a PXE server with these settings: path to text."""
    # As a string within a string: JSON's escapes are not Nix', except `${`.
    given = json.dumps(json.dumps(settings)).replace("${", "\\${")
    return nix().value(f"(import {quoted(LIBRARY)}).pxe-config (builtins.fromJSON {given})")
