"""Sees files appear in a node's folder, with the instant on the monotonic clock.

By inotify, since the kernel stamps a file's own times with its tick only (4 ms).
Must not poll: a joiner that is waited for is not to be disturbed.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import time
from pathlib import Path

#: What inotify(7) calls IN_MOVED_TO and IN_CLOSE_WRITE: a rename, or a writer that is done.
MOVED_TO, CLOSE_WRITE = 0x80, 0x08
EVENT = struct.Struct("iIII")
LIBC = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, action: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"cannot {action}")
    return result


class Watch:
    """One folder; usable as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._queue = _checked(LIBC.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), "use inotify")
        path = os.fsencode(folder)
        added = LIBC.inotify_add_watch(self._queue, path, MOVED_TO | CLOSE_WRITE)
        _checked(added, f"watch {folder}")

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._queue)

    def wait(self, name: str, limit_s: float) -> int | None:
        """The nanosecond at which `name` was complete, or None when the limit is over."""
        deadline = time.monotonic() + limit_s
        woken = select.poll()
        woken.register(self._queue, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            if not woken.poll(left * 1000):
                continue
            seen = time.monotonic_ns()
            if name in self._names():
                return seen
        return None

    def _names(self) -> list[str]:
        data = os.read(self._queue, 65536)
        names, offset = [], 0
        while offset < len(data):
            *_, length = EVENT.unpack_from(data, offset)
            offset += EVENT.size
            names.append(data[offset : offset + length].rstrip(b"\0").decode())
            offset += length
        return names
