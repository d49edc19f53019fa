"""Says whether this host can run nodes, and if not, why.

Only looks; `host.sh` installs what is missing.
"""

from __future__ import annotations

import os
import platform
import shutil
from functools import cache
from pathlib import Path

from .lab import Lab, LabError

PROGRAMS = ("systemd-nspawn", "mmdebstrap", "unshare", "nsenter", "ip", "make", "tar")
#: What a QEMU machine needs on top of that.
MACHINE_PROGRAMS = (
    *("qemu-system-x86_64", "mke2fs", "fdisk", "sfdisk", "mkfs.vfat", "mcopy", "mksquashfs"),
    *("lz4", "cpio"),
)


def is_debian() -> bool:
    """Whether `host.sh` can install packages here."""
    release = platform.freedesktop_os_release()
    return "debian" in (release.get("ID"), *release.get("ID_LIKE", "").split())


@cache
def obstacle() -> str | None:
    """Why nodes cannot run here, or None when they can."""
    if platform.system() != "Linux":
        return f"this is {platform.system()}, and nodes need Linux namespaces"
    if os.geteuid() != 0:
        return "not root: nodes need namespaces, mounts and a bridge (try with sudo)"
    if missing := _missing(PROGRAMS):
        return missing
    if "cgroup2" not in Path("/proc/filesystems").read_text():
        return "the kernel has no cgroup v2"
    return _refused()


def obstacle_to_machines() -> str | None:
    """Why QEMU machines cannot run where nodes can, or None when they can."""
    if platform.machine() != "x86_64":
        return f"QEMU machines run x86-64 programs, and this host builds for {platform.machine()}"
    if not Path("/dev/net/tun").exists():
        return "no /dev/net/tun: QEMU machines need a tap (modprobe tun)"
    return _missing(MACHINE_PROGRAMS)


def _missing(programs: tuple[str, ...]) -> str | None:
    if not (missing := [name for name in programs if shutil.which(name) is None]):
        return None
    where = "run make deps" if is_debian() else "and this host is no Debian"
    return f"missing programs: {', '.join(missing)}; {where}"


def _refused() -> str | None:
    """Try what every run does first: containers often forbid exactly this."""
    overlay = (
        "cd /run/lab && mkdir lower upper work root && mount -t overlay overlay"
        " -o lowerdir=lower,upperdir=upper,workdir=work root"
        " && ip link add v0 type veth peer name v1 && ip netns add probe"
    )
    try:
        with Lab() as lab:
            lab.run("sh", "-c", overlay)
    except LabError as error:
        return f"this host refuses what nodes need: {error}"
    return None


if __name__ == "__main__":
    print(obstacle() or "this host can run nodes")
