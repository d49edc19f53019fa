"""Puts a whole root file system into the initrd: a machine that boots with no disk at all.

As NixOS' netboot images do it: a squashfs in the initrd, and an overlay in RAM over it,
whose mounts are units of the initrd. Must not know how the image reaches the machine.
"""

from __future__ import annotations

from pathlib import Path

from . import places
from .cpio import Archive
from .lab import COMMAND_LIMIT, Lab
from .qemu_additions import SYSTEM, installed_in, pull_in

UNITS = places.UNITS / "netboot"
#: What the mounts take; loaded beforehand, for each of them takes its time.
MODULES = ("loop", "squashfs", "overlay")
#: The packed root's path in the initrd.
ROOT = "root.squashfs"
#: Little packing for much speed: an emulated processor unpacks it at every read.
PACKING = ("-comp", "lz4", "-b", "256K", "-no-progress", "-quiet", "-noappend", "-no-exports")


def pack(lab: Lab, root: Path, packed: Path) -> None:
    """Pack a root file system, at paths inside the lab."""
    lab.run("mksquashfs", str(root), str(packed), *PACKING, limit=2 * COMMAND_LIMIT)


def add(archive: Archive, packed: bytes) -> None:
    """The packed root, and the units that mount it."""
    archive.file(ROOT, packed)
    archive.file("etc/modules-load.d/netboot.conf", "\n".join(MODULES).encode() + b"\n")
    for path in sorted(UNITS.iterdir()):
        unit = path.read_text()
        archive.file(f"{SYSTEM}/{path.name}", unit.encode())
        for folder in installed_in(unit):
            pull_in(archive, path.name, folder)
