"""Waits until the host has room for the nodes of a lab.

The kernel gives each user so many inotify instances, by default 128 for all nodes of
all runs together; a node takes a dozen, and systemd's path units fail without one.
Must not change the host: the limit is its owner's.
"""

from __future__ import annotations

import ctypes
import os

from . import waiting

LIBC = ctypes.CDLL(None, use_errno=True)
#: What systemd, D-Bus, logind and the agents of one node take at the most.
FOR_A_NODE = 14
#: Other runs' scenarios are over in less; a crowded host is given more (see `waiting`).
LIMIT = 80.0
HELP = "fewer runs at once, or: sysctl fs.inotify.max_user_instances=1024"


def is_there(nodes: int) -> bool:
    """Whether so many nodes would find their inotify instances; none is kept."""
    had: list[int] = []
    try:
        while len(had) < nodes * FOR_A_NODE:
            instance = LIBC.inotify_init1(os.O_CLOEXEC)
            if instance < 0:
                return False
            had.append(instance)
        return True
    finally:
        for instance in had:
            os.close(instance)


def wait(nodes: int) -> None:
    """Come back when so many nodes can be started."""
    awaited = f"inotify instances for {nodes} more nodes; what gives some: {HELP}"
    waiting.until(lambda: is_there(nodes), LIMIT, awaited)
