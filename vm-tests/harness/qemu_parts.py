"""Turns what was installed on a node into what QEMU takes: disks, credentials, an initrd.

Runs once, before the first boot; must not start anything.
"""

from __future__ import annotations

from pathlib import Path

from . import qemu_additions, qemu_command, qemu_disks, qemu_firmware, qemu_initrd, qemu_netboot
from . import rootfs
from .blueprint import NodeBlueprint
from .cpio import Archive
from .lab import Lab
from .qemu_kernel import Kernel

#: The initrd of a machine that has one of its own, in the machine's folder.
INITRD = "initrd"


def make(lab: Lab, blueprint: NodeBlueprint, kernel: Kernel, folder: Path) -> None:
    """Make all that a machine has, in its folder inside the lab."""
    hardware = blueprint.hardware
    assert hardware is not None
    if hardware.has_root_disk:
        qemu_disks.make_root(lab, folder / "root", folder / "disk", hardware.root_disk)
    for disk in hardware.disks:
        qemu_disks.make(lab, disk, qemu_command.image(folder, disk.serial))
    if hardware.credential_transport == "fw_cfg":
        for name, text in hardware.credentials.items():
            lab.path(qemu_firmware.credential_file(folder, name)).write_text(text)
    if hardware.boot != "kernel":
        make_initrd(lab, blueprint, kernel, folder)


def make_initrd(lab: Lab, blueprint: NodeBlueprint, kernel: Kernel, folder: Path) -> None:
    """One file of all archives, for QEMU takes no more than one."""
    assert blueprint.hardware is not None
    root = lab.path(folder / "root")
    hosts, ca = (root / "etc/hosts").read_bytes(), (root / qemu_additions.CA).read_bytes()
    shared = qemu_initrd.initrd(kernel, rootfs.base(lambda _: None))
    with lab.path(folder / INITRD).open("wb") as output:
        output.write(shared.read_bytes())
        qemu_additions.write(output, blueprint, hosts, ca)
        if blueprint.hardware.boot == "netboot":
            packed = folder / qemu_netboot.ROOT
            qemu_netboot.pack(lab, folder / "root", packed)
            archive = Archive(output)
            qemu_netboot.add(archive, lab.path(packed).read_bytes())
            archive.end()
            lab.path(packed).unlink()
