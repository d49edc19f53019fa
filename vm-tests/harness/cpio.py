"""Packs the archives that a kernel unpacks as its first file system, with cpio ("newc").

Everything in them belongs to root and has no time of its own, so that the same content
is the same bytes. Several may follow one another, and of what is packed twice
the last copy counts. Must not know what an initrd is for.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

LIMIT = 300.0


def packed(root: Path) -> bytes:
    """All that is below a folder, which keeps no times."""
    paths = sorted(root.rglob("*"))
    for path in paths:
        os.utime(path, (0, 0), follow_symlinks=False)
    names = b"".join(bytes(path.relative_to(root)) + b"\0" for path in paths)
    command = ["cpio", "--create", "--format=newc", "--reproducible", "--owner=+0:+0"]
    command += ["--null", "--quiet"]
    return subprocess.run(
        command, cwd=root, input=names, check=True, stdout=subprocess.PIPE, timeout=LIMIT
    ).stdout


class Archive:
    """One archive, laid out in a folder until its end."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        self._layout = TemporaryDirectory(prefix="archive-")

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """A file, and the folders above it."""
        place = self._place(path)
        place.write_bytes(content)
        place.chmod(mode)

    def link(self, path: str, target: str) -> None:
        """A symbolic link, and the folders above it."""
        self._place(path).symlink_to(target)

    def folder(self, path: str, mode: int = 0o755) -> None:
        """A folder, and those above it."""
        self._place(f"{path}/inside").parent.chmod(mode)

    def end(self) -> None:
        """Write it; another archive may follow."""
        self._output.write(packed(Path(self._layout.name)))
        self._layout.cleanup()

    def _place(self, path: str) -> Path:
        place = Path(f"{self._layout.name}/{path}")
        for above in reversed(place.parents):
            if not above.exists():
                above.mkdir()
                above.chmod(0o755)
        return place
