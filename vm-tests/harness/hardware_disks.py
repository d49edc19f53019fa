"""What `disks` of a node's `hardware` says, as typed values.

Reads and checks only; the images are made by `qemu_disks`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .strict import BlueprintError, ExtraFile, files, of_kind, one_of, record

TABLES = ("gpt", "gpt-broken-primary", "gpt-broken-backup", "mbr", "none")
FILESYSTEMS = ("vfat", "ext4", None)
SECTORS = (512, 4096)
TYPES = {
    "esp": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "linux": "0fc63daf-8483-4772-8e79-3d69d8477de4",
    # Where the product looks for a configuration.
    "first-boot-config": "6e328cbc-545f-4c41-9d31-5b8f86844c39",
}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: virtio keeps 20 bytes of a serial number.
SERIAL = re.compile(r"[A-Za-z0-9_.-]{1,20}")
#: With less than this mke2fs and mkfs.vfat have no room for files.
LEAST_MIB = {"vfat": 1, "ext4": 2, None: 1}


@dataclass(frozen=True)
class Partition:
    """One partition of a further disk."""

    size_mib: int
    label: str = ""
    #: A GUID, or one of the names in `TYPES`.
    type: str = "linux"
    filesystem: str | None = None
    files: dict[str, ExtraFile] = field(default_factory=dict)

    @property
    def guid(self) -> str:
        """Its type as a GPT holds it."""
        return TYPES.get(self.type, self.type)

    def check(self, where: str) -> None:
        """Refuse what no partition can be."""
        if self.type not in TYPES and not GUID.fullmatch(self.type):
            known = ", ".join(TYPES)
            raise BlueprintError(f"{where}: type is {self.type!r}; expected a GUID, or {known}")
        one_of(f"{where}: filesystem", self.filesystem, FILESYSTEMS)
        of_kind(f"{where}: size_mib", self.size_mib, int)
        if self.size_mib < (least := LEAST_MIB[self.filesystem]):
            raise BlueprintError(f"{where}: size_mib is {self.size_mib}; {least} is the least")
        if self.files and self.filesystem is None:
            raise BlueprintError(f"{where}: files without a file system")
        if any(ord(character) < 32 or character == '"' for character in self.label):
            raise BlueprintError(f"{where}: label {self.label!r} holds quotes or controls")


@dataclass(frozen=True)
class Disk:
    """A disk beside the one of the root file system."""

    serial: str
    size_mib: int
    sector_size: int = 512
    table: str = "gpt"
    partitions: tuple[Partition, ...] = ()

    def check(self) -> None:
        """Refuse what no disk can be."""
        where = f"disk {self.serial}"
        if not SERIAL.fullmatch(self.serial):
            raise BlueprintError(f"{where}: a serial matches {SERIAL.pattern}")
        of_kind(f"{where}: size_mib", self.size_mib, int)
        one_of(f"{where}: sector_size", self.sector_size, SECTORS)
        one_of(f"{where}: table", self.table, TABLES)
        if self.table == "none" and self.partitions:
            raise BlueprintError(f"{where}: partitions without a table")
        # One MiB before the first partition, and one for the second copy of the table.
        if self.size_mib < (needed := 2 + sum(part.size_mib for part in self.partitions)):
            raise BlueprintError(f"{where}: size_mib is {self.size_mib}; {needed} are needed")
        for number, part in enumerate(self.partitions, 1):
            part.check(f"{where}: partition {number}")
            if self.table == "mbr" and part.type not in {"esp", "linux"}:
                raise BlueprintError(f"{where}: an MBR has no partitions of type {part.type!r}")


def _partition_from(data: Any, where: str) -> Partition:
    return record(Partition, data, where, files=lambda given: files(given, f"{where}: files"))


def disk_from(data: Any) -> Disk:
    """One entry of `disks`."""
    where = f"disk {data.get('serial')}" if isinstance(data, dict) else "disk"
    return record(
        Disk, data, where,
        partitions=lambda given: tuple(_partition_from(part, where) for part in given),
    )  # fmt: skip
