"""How QEMU is called for one machine: firmware, disks, NIC, ports, and the kernel's words.

Makes words only; must not start anything, nor make what the words name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import qemu_firmware
from .hardware import Hardware

EMULATOR = "qemu-system-x86_64"
#: Everything that can be emulated, but for what only looks fast: where copying byte after byte is
#: said to be quick, the kernel does so, and the emulator takes each byte for itself.
PROCESSOR = "max,-erms,-fsrm"
#: The kernel measures the TSC's rate once, and where a busy host holds the emulator up it is wrong
#: by factors (864 MHz for 2300, and all timers with it); the HPET reports its rate itself. Held up
#: while it looks whether the timer's interrupts come, the kernel gives up and panics.
TIMERS = "clocksource=hpet no_timer_check"
#: Debian's kernel clears every page that it gives out, which costs an emulated boot seconds.
MEMORY = "init_on_alloc=0"
CONSOLE = "console=ttyS0 loglevel=5 systemd.show_status=1 systemd.log_color=0"
COMMAND_LINE = f"{CONSOLE} {TIMERS} {MEMORY} net.ifnames=0"
#: Where a systemd initrd looks for the root; it needs no word of a root that it brings along.
ROOT = {
    "plain": "root=/dev/disk/by-id/virtio-root rootfstype=ext4 rw",
    "gpt": "root=/dev/disk/by-partlabel/root rootfstype=ext4 rw",
}
#: The serial number of the disk that holds the root file system.
ROOT_SERIAL = "root"
NIC = "nic"
PORTS = ("journal", "shell")
#: Each instruction takes 4 ns of the machine's time, however busy the host is. Where the machine
#: idles, its time goes on to the next timer at once: a disk that the host keeps waiting shows.
COUNTED = ["-accel", "tcg,thread=single", "-icount", "shift=2,sleep=off"]


@dataclass(frozen=True)
class Call:
    """One machine as QEMU gets it; all paths are the lab's."""

    name: str
    hardware: Hardware
    #: Where its disks, sockets and what it writes lie.
    folder: Path
    kernel: Path
    initrd: Path
    #: The tap that its cable is plugged into, and the address of its NIC.
    link: str
    card_address: str
    #: Whether its clock counts instructions, so that nothing but its own work moves it.
    counted: bool = False

    def kernel_words(self) -> str:
        """The kernel's command line."""
        hardware = self.hardware
        words = [COMMAND_LINE]
        if hardware.boot != "kernel":
            # The initrd has no /etc/hostname, and its journal is to carry the node's name.
            words.append(f"systemd.hostname={self.name}")
        if hardware.boot == "initrd":
            words.append(ROOT[hardware.root_disk])
        return " ".join([*words, *hardware.kernel_command_line])

    def words(self) -> list[str]:
        """QEMU's command line."""
        folder, hardware = self.folder, self.hardware
        line = [EMULATOR, "-name", self.name, "-nodefaults", "-no-user-config"]
        line += ["-display", "none", "-machine", "q35"]
        line += COUNTED if self.counted else ["-accel", "tcg,thread=multi"]
        line += ["-cpu", PROCESSOR, "-smp", str(hardware.cpus), "-m", f"{hardware.memory}M"]
        if hardware.clock is not None:
            # At every power-on again, as with an empty RTC battery.
            line += ["-rtc", f"base={hardware.clock}"]
        line += qemu_firmware.identity(hardware)
        line += qemu_firmware.credentials(hardware, folder)
        line += ["-kernel", str(self.kernel), "-initrd", str(self.initrd)]
        line += ["-append", self.kernel_words()]
        line += ["-qmp", f"unix:{folder}/monitor,server=on,wait=off"]
        line += ["-chardev", f"file,id=console,path={folder}/console,append=on"]
        line += ["-serial", "chardev:console"]
        if hardware.has_root_disk:
            line += disk(folder / "disk", ROOT_SERIAL, 512)
        for further in hardware.disks:
            line += disk(image(folder, further.serial), further.serial, further.sector_size)
        line += ["-netdev", f"tap,id=cable,ifname={self.link},script=no,downscript=no"]
        nic = f"virtio-net-pci,id={NIC},netdev=cable,mac={self.card_address},romfile="
        line += ["-device", nic, "-device", "virtio-serial-pci"]
        line += ["-chardev", f"file,id=journal,path={folder}/journal,append=on"]
        line += ["-chardev", f"socket,id=shell,path={folder}/shell"]
        for port in PORTS:
            line += ["-device", f"virtserialport,chardev={port},name={port}"]
        return line


def image(folder: Path, serial: str) -> Path:
    """Where the image of a further disk lies."""
    return folder / f"disk-{serial}"


def disk(path: Path, serial: str, sector_size: int) -> list[str]:
    """One disk; what is written on it survives the machine's end, not the host's."""
    name = f"disk-{serial}".replace(".", "-")
    device = f"virtio-blk-pci,drive={name},serial={serial}"
    if sector_size != 512:
        device += f",logical_block_size={sector_size},physical_block_size={sector_size}"
    drive = f"file={path},format=raw,if=none,id={name},cache=unsafe"
    return ["-drive", drive, "-device", device]
