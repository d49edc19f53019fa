"""Writes the archives that a kernel unpacks as its first file system ("newc").

Everything in them belongs to root and has no time of its own, so that the same content
is the same bytes. Several may follow one another, and of what is packed twice
the last copy counts. Must not know what an initrd is for.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO

#: The kernel reads names and contents at multiples of this.
ALIGNMENT = 4
#: The distance from the next block distinguishes archives.
BLOCK = 512
END = "TRAILER!!!"


@dataclass
class Archive:
    """One archive, written from its first entry to its end."""

    output: IO[bytes]
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _folders: set[str] = field(default_factory=set)

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """A file, and the folders above it."""
        self._above(path)
        self._entry(path, stat.S_IFREG | mode, content)

    def link(self, path: str, target: str) -> None:
        """A symbolic link, and the folders above it."""
        self._above(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def folder(self, path: str, mode: int = 0o755) -> None:
        """A folder, and those above it."""
        self._above(path)
        self._entry(path, stat.S_IFDIR | mode, b"")
        self._folders.add(path.strip("/"))

    def tree(self, root: Path) -> None:
        """All that lies below a folder."""
        for path in sorted(root.rglob("*")):
            name, mode = str(path.relative_to(root)), path.lstat().st_mode
            if stat.S_ISLNK(mode):
                self.link(name, str(path.readlink()))
            elif stat.S_ISDIR(mode):
                self.folder(name, stat.S_IMODE(mode))
            else:
                self.file(name, path.read_bytes(), stat.S_IMODE(mode))

    def end(self) -> None:
        """The mark of the end; another archive may follow."""
        self._entry(END, 0, b"")
        self._pad(BLOCK)

    def _above(self, path: str) -> None:
        for folder in reversed(Path(path.strip("/")).parents):
            if str(folder) not in {".", *self._folders}:
                self._entry(str(folder), stat.S_IFDIR | 0o755, b"")
                self._folders.add(str(folder))

    def _entry(self, path: str, mode: int, content: bytes) -> None:
        name = path.strip("/").encode() + b"\0"
        number = 0 if path == END else next(self._numbers)
        # Number, mode, owner, group, links, time; size; device and its kind; name, checksum.
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        self.output.write(b"070701" + b"".join(b"%08x" % value for value in fields) + name)
        self._pad(ALIGNMENT)
        self.output.write(content)
        self._pad(ALIGNMENT)

    def _pad(self, multiple: int) -> None:
        self.output.write(b"\0" * (-self.output.tell() % multiple))
