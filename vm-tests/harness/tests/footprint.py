"""What a run could leave on the host: mounts, links, namespaces, processes, cgroups.

Other runs may be busy at the same time, so processes and cgroups are found by
the mark that everything of one run carries.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from harness.waiting import WATCHDOG

MARK = "FIRST_BOOT_TEST_RUN"


def shared() -> dict[str, list[str]]:
    """What every process of the host sees."""

    def lines(*command: str) -> list[str]:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=WATCHDOG)
        return done.stdout.splitlines()

    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return {
        "mounts": sorted(line.partition(" - ")[0].split(" ", 3)[3] for line in mounts),
        "links": sorted(line.partition(":")[2] for line in lines("ip", "-oneline", "link")),
        "namespaces": sorted(lines("ip", "netns", "list")),
    }


def processes_of(mark: str, lab: str) -> list[str]:
    """Live processes that carry the mark, or sit in the run's cgroup."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            marked = f"{MARK}={mark}".encode() in (process / "environ").read_bytes()
            inside = lab in (process / "cgroup").read_text()
            alive = (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if alive and (marked or inside):
            found.append(f"{process.name}: {command}")
    return found


def cgroups_of(lab: str) -> list[str]:
    """cgroups whose name carries the harness' PID."""
    # Passes over what goes while it looks: runs that end beside this one.
    walk = os.walk("/sys/fs/cgroup")
    found = (f"{folder}/{name}" for folder, names, _ in walk for name in names)
    return [path for path in found if Path(path).name.startswith(f"{lab}-")]
