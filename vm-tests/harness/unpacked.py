"""Debian packages unpacked beside the system, for programs that the host itself lacks.

mmdebstrap downloads them with what they depend on from Debian's own mirror, has apt
verify every signature against Debian's archive keyring, and runs none of their scripts.
Must not install anything on the host.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from .made_once import FROZEN, MIRROR, made_once, run

#: A download and an unpacking of 150 MB; generous for a slow mirror.
LIMIT = 600.0


def key(suite: str, packages: Sequence[str]) -> str:
    """Names the content: other packages are another folder."""
    return hashlib.sha256(repr((suite, tuple(packages))).encode()).hexdigest()[:12]


def folder(
    name: str,
    suite: str,
    packages: Sequence[str],
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """The root folder of the packages, made first where it is missing."""

    def unpack(work: Path) -> Path:
        """Download and unpack."""
        say(f"unpacking {', '.join(packages)} of {suite} (once)")
        root = work / "root"
        command = ["mmdebstrap", "--variant=extract", f"--include={','.join(packages)}"]
        run([*command, *FROZEN, suite, str(root)], MIRROR, LIMIT, {"TMPDIR": str(work)})
        return root

    return made_once(f"{name}-{key(suite, packages)}", unpack)
