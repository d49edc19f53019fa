"""PID 1 of a lab: holds its namespaces open and ends everything in them.

Runs as a program of its own under `unshare`; must not import the rest of the
harness. It ends when its standard input does, which is when the harness closes
the lab or dies, however that came about, SIGKILL included. Then it kills what
is left in the PID namespace, and the kernel takes mounts, links and network
namespaces away with the last process.
"""

from __future__ import annotations

import os
import select
import selectors
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")
#: A killed process ends within milliseconds; the bounds are for a stuck one.
LONGEST_DEATH_MS = 1000
MOST_CHANGES = 10
DEATH_LIMIT = 300.0
#: Nothing of the set-up is slow; what takes longer hangs.
COMMAND_LIMIT = 300.0


def run(*command: str) -> None:
    """Run one command of the set-up; a failure ends the keeper with its text."""
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=quiet, timeout=COMMAND_LIMIT
        )
    except subprocess.TimeoutExpired as error:
        raise SystemExit(f"lab keeper: {error}") from error
    if done.returncode != 0:
        raise SystemExit(f"lab keeper: `{' '.join(command)}` failed: {done.stderr.strip()}")


def use_unified_cgroups() -> None:
    """Give the nodes cgroup v2 on every host, also where the host runs hybrid."""
    if (CGROUP_ROOT / "cgroup.procs").exists():
        return
    run("umount", "--recursive", "--lazy", str(CGROUP_ROOT))
    run("mount", "-t", "cgroup2", "cgroup2", str(CGROUP_ROOT))


def own_cgroup() -> Path:
    """The cgroup this process was started in, seen through the v2 hierarchy."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return CGROUP_ROOT / line.removeprefix("0::").lstrip("/")
    raise SystemExit("lab keeper: the kernel offers no cgroup v2 hierarchy")


def enter_cgroup(name: str) -> Path:
    """Make the lab's cgroup and move there, so that its processes can be found."""
    parent = own_cgroup()
    group = parent / name
    group.mkdir()
    keeper = group / "keeper"
    keeper.mkdir()
    (keeper / "cgroup.procs").write_text(str(os.getpid()))
    return group


def wait_until_empty(group: Path) -> None:
    """Wait for the last process: one whose parent is outside is not ours to reap."""
    with (group / "cgroup.events").open() as events:
        changed = select.poll()
        changed.register(events, select.POLLPRI | select.POLLERR)
        for _ in range(MOST_CHANGES):
            events.seek(0)
            if "populated 0" in events.read():
                return
            changed.poll(LONGEST_DEATH_MS)


def remove_cgroup(group: Path) -> None:
    """Remove an empty tree of cgroups; what is in use stays."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            pass


def set_up(bridge: str) -> None:
    """Private /run, the bridge, and the folders that nspawn and `ip` expect."""
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    for folder in ("/run/systemd", "/run/lab", "/run/netns"):
        Path(folder).mkdir(parents=True)
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", bridge, "type", "bridge")
    run("ip", "link", "set", bridge, "up")


def reap() -> bool:
    """Collect orphans, as PID 1 has to; says whether there are children left."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def wait_for_end() -> None:
    """Reap until the harness closes our standard input or asks us to end."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    ended: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    waiting.register(woken, selectors.EVENT_READ)
    while not ended:
        for key, _ in waiting.select():
            if key.fileobj is sys.stdin and not os.read(sys.stdin.fileno(), 4096):
                return
            if key.fileobj == woken:
                os.read(woken, 4096)
        reap()


def end_all() -> None:
    """Kill everything else in this PID namespace and wait until it has ended."""
    ended = {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, ended)
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    deadline = time.monotonic() + DEATH_LIMIT
    while reap() and (left := deadline - time.monotonic()) > 0:
        signal.sigtimedwait(ended, left)


def main() -> None:
    """`keeper NAME BRIDGE [DISKS]`: DISKS is a folder to delete at the end."""
    name, bridge, *disks = sys.argv[1:]
    use_unified_cgroups()
    group = enter_cgroup(name)
    try:
        set_up(bridge)
        print(f"ready {group}", flush=True)
        wait_for_end()
    finally:
        end_all()
        # A cgroup with a process in it cannot be removed: step out first.
        (group.parent / "cgroup.procs").write_text(str(os.getpid()))
        wait_until_empty(group)
        remove_cgroup(group)
        for folder in disks:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
