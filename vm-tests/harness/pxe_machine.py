"""A QEMU machine that has nothing but a NIC and an empty disk.

What it boots it gets from the lab's bridge, by its firmware's own network boot: SeaBIOS
with an iPXE ROM on the NIC, or OVMF with its own PXE and HTTP clients. Emulated, so it is
slow. Must not know what it will boot.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

from . import ending, entering, places, pxe_server, waiting
from .lab import BRIDGE, Lab
from .qemu_command import EMULATOR, PROCESSOR

#: The host's time for an emulated boot; a crowded host is given more (see `waiting`).
BOOT_LIMIT = 300.0
#: QEMU's iPXE ROM does what BIOS firmware on a NIC does; OVMF brings its own.
ROM = "usr/lib/ipxe/qemu/pxe-virtio.rom"
OVMF = "usr/share/OVMF"
#: The packed root is held twice while the kernel unpacks it.
MEMORY_MIB = 1536
LAST_WORDS = 4000


class PxeMachine:
    """One machine; ends with its lab."""

    def __init__(
        self, lab: Lab, name: str, mac: str, uefi: bool, further: tuple[str, ...] = ()
    ) -> None:
        self.lab = lab
        self.name = name
        self.mac = mac
        self.uefi = uefi
        #: Further words for QEMU.
        self._further = further
        self._folder = places.LAB / name
        self._process: subprocess.Popen[bytes] | None = None
        lab.before_close(self.power_off)
        lab.run("mkdir", "--parents", str(self._folder))
        lab.run("truncate", "--size=64M", f"{self._folder}/disk")
        lab.run("ip", "tuntap", "add", name, "mode", "tap")
        lab.run("ip", "link", "set", name, "master", BRIDGE, "up")

    def _firmware(self) -> list[str]:
        unpacked = pxe_server.programs()
        if not self.uefi:
            return []
        settings = self.lab.path(self._folder / "settings")
        shutil.copyfile(unpacked / OVMF / "OVMF_VARS_4M.fd", settings)
        code = f"if=pflash,format=raw,readonly=on,file={unpacked / OVMF}/OVMF_CODE_4M.fd"
        kept = f"if=pflash,format=raw,file={self._folder}/settings"
        return ["-drive", code, "-drive", kept]

    def command_line(self) -> list[str]:
        """How QEMU is called."""
        rom = "" if self.uefi else str(pxe_server.programs() / ROM)
        line = [EMULATOR, "-name", self.name, "-nodefaults", "-no-user-config"]
        # Without graphics, SeaBIOS and iPXE write to the serial line.
        line += ["-display", "none", "-machine", "q35,graphics=off", "-accel", "tcg,thread=multi"]
        line += ["-cpu", PROCESSOR, "-smp", "1", "-m", f"{MEMORY_MIB}M", *self._firmware()]
        line += ["-serial", f"file:{self._folder}/console"]
        disk = f"file={self._folder}/disk,format=raw,if=none,id=disk,cache=unsafe"
        line += ["-drive", disk, "-device", "virtio-blk-pci,drive=disk,serial=empty"]
        line += ["-netdev", f"tap,id=cable,ifname={self.name},script=no,downscript=no"]
        # The ROM is for the modern NIC only; QEMU would make it a transitional one.
        card = f"virtio-net-pci,netdev=cable,mac={self.mac},disable-legacy=on"
        card += f",romfile={rom},bootindex=1"
        line += ["-device", card, "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"]
        line += ["-chardev", f"file,id=journal,path={self._folder}/journal,append=on"]
        return [*line, "-device", "virtserialport,chardev=journal,name=journal", *self._further]

    def power_on(self) -> None:
        """Press the power button; returns at once."""
        with self.lab.path(self._folder / "emulator").open("wb") as said:
            self._process = entering.start(
                self.lab.enter(self.command_line()),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    @property
    def console(self) -> str:
        """Everything that firmware, iPXE and kernel wrote to the serial line."""
        return self._told("console")

    @property
    def journal(self) -> str:
        """What the system that was booted sent of its journal."""
        return self._told("journal")

    def _told(self, name: str) -> str:
        path = self.lab.path(self._folder / name)
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for_console(self, text: str, limit: float = BOOT_LIMIT) -> None:
        """Wait until the serial line has shown a text; an error shows how it ends."""
        self._wait_for(text, lambda: self.console, limit)

    def wait_for_journal(self, text: str, limit: float = BOOT_LIMIT) -> None:
        """Wait until the journal holds a text."""
        self._wait_for(text, lambda: self.journal, limit)

    def _wait_for(self, text: str, told: Callable[[], str], limit: float) -> None:
        def _seen() -> bool:
            if text in told():
                return True
            assert self.running(), f"{self.name} is off: {self._told('emulator')}"
            return False

        try:
            waiting.until(_seen, limit, f"{text!r} of {self.name}")
        except waiting.NotInTime as error:
            ends = f"{self.console[-LAST_WORDS:]}\n{self.journal[-LAST_WORDS:]}"
            raise AssertionError(f"{error}; its console and journal end with\n{ends}") from None

    def running(self) -> bool:
        """Whether it is powered on."""
        return self._process is not None and self._process.poll() is None

    def power_off(self) -> None:
        """Pull the plug."""
        if self._process is not None and self.running():
            ending.kill(self._process)
