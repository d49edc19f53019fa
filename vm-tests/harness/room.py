"""Waits until the host has room for the nodes of a lab, and claims it.

The kernel gives each user so many inotify instances, by default 128 for all nodes of
all runs together; a node takes a dozen, and systemd's path units fail without one.
Takes none itself, since a node that boots meanwhile would miss it: a claim is an open
file whose name the other runs see, and ends with its run. Must not change the host: the
limit is its owner's.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import IO

from . import processes, waiting

ALLOWED = Path("/proc/sys/fs/inotify/max_user_instances")
INSTANCE = "anon_inode:inotify"
CLAIM = "first-boot-room-"
CLAIMED = re.compile(rf"/memfd:{CLAIM}(\d+) .*")
#: What systemd, D-Bus, logind and the agents of one node keep; more for moments of its boot.
FOR_A_NODE = 14
#: Other runs' scenarios are over in less; a crowded host is given more (see `waiting`).
LIMIT = 80.0
HELP = "fewer runs at once, or: sysctl fs.inotify.max_user_instances=1024"


def taken() -> int:
    """What the processes of this user have, those of nodes included, and what is claimed beyond."""
    seen = {int(process.name): held_by(process) for process in processes.PROC.glob("[0-9]*")}
    total = sum(held[INSTANCE] for held in seen.values())
    for pid, held in seen.items():
        if held[CLAIM]:
            below = processes.descendants_of(pid)
            used = sum(seen[node][INSTANCE] for node in below if node in seen)
            total += max(held[CLAIM] - used, 0)
    return total


def held_by(process: Path) -> Counter[str]:
    """The instances and the claims of one process; none where it is another user's."""
    found: Counter[str] = Counter()
    # A process may end, or close a file, while it is looked at.
    with suppress(OSError):
        if process.stat().st_uid != os.geteuid():
            return found
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                name = os.readlink(link)
                found[INSTANCE] += name == INSTANCE
                if claim := CLAIMED.fullmatch(name):
                    found[CLAIM] += int(claim[1])
    return found


def claim(instances: int) -> IO[bytes] | None:
    """A claim, or None where there is no room, or where another run looks at this moment."""
    with ALLOWED.open() as allowed:
        # Another run that looked before the claim is made would take the same room.
        try:
            fcntl.flock(allowed, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        if taken() + instances > int(allowed.read()):
            return None
        return os.fdopen(os.memfd_create(f"{CLAIM}{instances}"), "rb")


def take(nodes: int) -> IO[bytes]:
    """Come back when so many nodes can start; what they need is theirs until this is closed."""
    awaited = f"inotify instances for {nodes} more nodes; what gives some: {HELP}"
    return waiting.until(lambda: claim(nodes * FOR_A_NODE), LIMIT, awaited)
