"""What a node's `hardware` says, as typed values: the machine, its firmware and its initrd.

Reads and checks only; how a machine is made of it is up to the `qemu_` files.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from .hardware_disks import Disk, disk_from
from .strict import BlueprintError, ExtraFile, files, of_kind, one_of, record

BOOTS = ("kernel", "initrd", "netboot")
TRANSPORTS = ("smbios", "fw_cfg")
ROOT_DISKS = ("plain", "gpt")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
#: QEMU's names of fw_cfg files end at 55 characters; 27 of them are systemd's.
CREDENTIAL = re.compile(r"[A-Za-z0-9_.-]{1,28}")
#: What a serial number holds without being mistaken for more of QEMU's command line.
SERIAL = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
#: A netboot holds the packed root twice while the kernel unpacks it.
MEMORY_MIB, NETBOOT_MEMORY_MIB = 512, 1024


@dataclass(frozen=True)
class Initrd:
    """What the initrd of one machine holds beyond systemd."""

    #: The agent's binary and `first-boot-initrd.service`, as NixOS would hold them.
    agent: bool = False
    #: Whether the NIC gets its address in the initrd already.
    network: bool = False
    #: Whether commands can be run in it; then it waits for `switch_root()`.
    shell: bool = False
    #: Appended as an archive of their own.
    files: dict[str, ExtraFile] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse a yes or no that is neither."""
        for name in ("agent", "network", "shell"):
            of_kind(f"hardware: initrd: {name}", getattr(self, name), bool)


@dataclass(frozen=True)
class Hardware:
    """A node that is a QEMU machine instead of an nspawn node."""

    memory_mib: int = 0
    cpus: int = 1
    #: What the RTC shows at every power-on, as if its battery were empty; None for the host's time.
    clock: str | None = None
    boot: str = "kernel"
    initrd: Initrd = field(default_factory=Initrd)
    kernel_command_line: tuple[str, ...] = ()
    credentials: dict[str, str] = field(default_factory=dict)
    credential_transport: str = "smbios"
    #: SMBIOS type 1, as firmware reports it.
    uuid: str | None = None
    serial: str | None = None
    disks: tuple[Disk, ...] = ()
    root_disk: str = "plain"

    @property
    def memory(self) -> int:
        """Its memory in MiB, where nothing is said as little as the boot takes."""
        least = NETBOOT_MEMORY_MIB if self.boot == "netboot" else MEMORY_MIB
        return self.memory_mib or least

    @property
    def has_root_disk(self) -> bool:
        """Whether the root file system is on a disk."""
        return self.boot != "netboot"

    def check(self) -> None:
        """Refuse what no machine can be, or what would have no effect."""
        one_of("hardware: boot", self.boot, BOOTS)
        one_of("hardware: credential_transport", self.credential_transport, TRANSPORTS)
        one_of("hardware: root_disk", self.root_disk, ROOT_DISKS)
        of_kind("hardware: memory_mib", self.memory_mib, int)
        of_kind("hardware: cpus", self.cpus, int)
        if self.clock is not None and not CLOCK.fullmatch(str(self.clock)):
            raise BlueprintError(f"hardware: clock is {self.clock!r}; expected 1980-01-01T00:00:00")
        if self.boot == "kernel" and (self.initrd != Initrd() or self.root_disk != "plain"):
            raise BlueprintError('hardware: initrd and root_disk need "boot": "initrd"')
        if self.boot == "netboot" and self.root_disk != "plain":
            raise BlueprintError('hardware: root_disk with "boot": "netboot", which has none')
        if self.uuid is not None and not UUID.fullmatch(self.uuid):
            raise BlueprintError(f"hardware: uuid is {self.uuid!r}; expected a UUID")
        if self.serial is not None and not SERIAL.fullmatch(self.serial):
            raise BlueprintError(f"hardware: serial is {self.serial!r}; expected {SERIAL.pattern}")
        for name in self.credentials:
            if not CREDENTIAL.fullmatch(name):
                raise BlueprintError(f"hardware: credential {name!r} is not {CREDENTIAL.pattern}")
        for word in self.kernel_command_line:
            of_kind("hardware: a word of kernel_command_line", word, str)
        serials = [disk.serial for disk in self.disks] + ["root"]
        if len(serials) != len(set(serials)):
            raise BlueprintError(f"hardware: disks with the same serial, or `root`: {serials}")
        self.initrd.check()
        for disk in self.disks:
            disk.check()


def _initrd_from(data: Any) -> Initrd:
    where = "hardware: initrd"
    return record(Initrd, data, where, files=lambda given: files(given, f"{where}: files"))


def _credential(value: Any) -> str:
    """A text as it stands; an object as JSON."""
    return value if isinstance(value, str) else json.dumps(value, indent=2) + "\n"


def hardware_from(node: str, data: Any) -> Hardware:
    """The value of a node's `hardware`, refused where it says something unknown."""
    try:
        hardware = record(
            Hardware,
            data,
            "hardware",
            initrd=_initrd_from,
            kernel_command_line=tuple,
            credentials=lambda given: {name: _credential(value) for name, value in given.items()},
            disks=lambda given: tuple(disk_from(disk) for disk in given),
        )
        hardware.check()
    except BlueprintError as error:
        raise BlueprintError(f"{node}: {error}") from None
    return hardware
