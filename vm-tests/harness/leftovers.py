"""Removes what a run could not remove itself because it was killed outright.

Nothing of it is alive: an empty cgroup, a half-written folder. Their names carry
the PID of their run; what belongs to a live process is never touched.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from . import keeper, places

#: What runs leave in the cache while they are at work: WHAT-PID or WHAT-PID-MORE.
FOLDER = re.compile(r"(building|demo)-(\d+)(-.*)?")
LAB = re.compile(r"first-boot-lab-(\d+)-\d+")


def alive(pid: str) -> bool:
    """Whether the process that a name carries still runs."""
    return Path("/proc", pid).exists()


def sweep_folders() -> None:
    """Folders of the cache whose run is dead."""
    for folder in places.CACHE.glob("*-*"):
        name = FOLDER.fullmatch(folder.name)
        if name and not alive(name[2]):
            shutil.rmtree(folder, ignore_errors=True)


def sweep_cgroups() -> None:
    """cgroups of labs whose run is dead; their processes died with it."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    for _, folder, kind, *_ in mounts:
        if kind != "cgroup2":
            continue
        # Not rglob: it fails where another run's cgroups go away meanwhile.
        for parent, groups, _ in os.walk(folder):
            for group in groups:
                name = LAB.fullmatch(group)
                if name and not alive(name[1]):
                    keeper.remove_cgroup(Path(parent, group))
