"""Waits until the host has room for the nodes of a lab.

The kernel gives each user so many inotify instances, by default 128 for all nodes of
all runs together; a node takes a dozen, and systemd's path units fail without one.
Counts them and takes none, since a node that boots meanwhile would miss it. Must not
change the host: the limit is its owner's.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from . import processes, waiting

ALLOWED = Path("/proc/sys/fs/inotify/max_user_instances")
INSTANCE = "anon_inode:inotify"
#: What systemd, D-Bus, logind and the agents of one node take at the most.
FOR_A_NODE = 14
#: Other runs' scenarios are over in less; a crowded host is given more (see `waiting`).
LIMIT = 80.0
HELP = "fewer runs at once, or: sysctl fs.inotify.max_user_instances=1024"


def taken() -> int:
    """How many instances the processes of this user have, those of nodes included."""
    return sum(instances_of(process) for process in processes.PROC.glob("[0-9]*"))


def instances_of(process: Path) -> int:
    """Those of one process; none where it is another user's."""
    found = 0
    # A process may end, or close a file, while it is looked at.
    with suppress(OSError):
        if process.stat().st_uid != os.geteuid():
            return 0
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                found += os.readlink(link) == INSTANCE
    return found


def is_there(nodes: int) -> bool:
    """Whether so many nodes would find their inotify instances."""
    return taken() + nodes * FOR_A_NODE <= int(ALLOWED.read_text())


def wait(nodes: int) -> None:
    """Come back when so many nodes can be started."""
    awaited = f"inotify instances for {nodes} more nodes; what gives some: {HELP}"
    waiting.until(lambda: is_there(nodes), LIMIT, awaited)
