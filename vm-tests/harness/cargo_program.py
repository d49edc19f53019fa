"""Programs from crates.io that Debian does not have, built once by the agent's own cargo.

Must not know what they are for.
"""

from __future__ import annotations

from pathlib import Path

from .made_once import made_once, run

#: Without optimisation, a minute or two; also where other builds run.
BUILD_LIMIT = 1500.0
#: Debug information is most of the size of such a program.
SETTINGS = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_NET_RETRY": "10"}


def built(crate: str, version: str, program: str) -> Path:
    """The program of this version of a crate, built first where it is missing."""

    def build(work: Path) -> Path:
        """In a folder of its own."""
        print(f"building {crate} {version} (once)", flush=True)
        install = ["cargo", "install", "--quiet", "--debug", "--locked", "--version", version]
        folders = ["--root", str(work), "--target-dir", str(work / "target")]
        command = [*install, *folders, crate]
        # Not in the repository: its .cargo/config.toml is about the product.
        run(command, "is crates.io reachable?", BUILD_LIMIT, SETTINGS, folder=Path("/"))
        return work / "bin" / program

    return made_once(f"{crate}-{version}", build)
