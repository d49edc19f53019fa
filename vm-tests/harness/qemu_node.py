"""A node that is a whole machine of its own: firmware, kernel, clock, disk and NIC.

The same root file system as an nspawn node's, on a disk, under QEMU's software
emulation. Slower, but what it does to its clock or its kernel is nobody else's
business. Must not know what scenarios expect of it: see `qemu_machine`.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from . import entering, places, processes, product, qemu_command, qemu_journal, qemu_kernel
from . import qemu_monitor, qemu_parts, waiting
from .blueprint import Hardware, NodeBlueprint
from .lab import BRIDGE, COMMAND_LIMIT, Lab
from .node import Node
from .qemu_shell import PortShell

UNITS = places.UNITS / "qemu"
#: Under emulation each of these costs up to a second of the boot, and nobody looks at them.
MASKED = (
    *("getty.target", "modprobe@.service", "systemd-sysusers.service"),
    *("systemd-update-utmp.service", "systemd-update-utmp-runlevel.service"),
    *("proc-sys-fs-binfmt_misc.automount", "systemd-pstore.service"),
    *("dev-hugepages.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"),
    *("ldconfig.service", "systemd-journal-catalog-update.service", "systemd-update-done.service"),
    *("systemd-random-seed.service", "systemd-udev-load-credentials.service"),
)


class QemuNode(Node):
    """One machine; its disk outlives shutdown and crash."""

    def __init__(self, lab: Lab, blueprint: NodeBlueprint, index: int, lower: str) -> None:
        super().__init__(lab, blueprint, index, lower)
        assert blueprint.hardware is not None
        self.hardware: Hardware = blueprint.hardware
        self.kernel = qemu_kernel.kernel()
        self._address = f"52:54:00:00:00:{index + 1:02x}"
        self.shell: PortShell | None = None
        #: Whether its clock counts instructions: for who measures on a busy host.
        self.counted = False
        self._install()

    def _inside(self, name: str) -> Path:
        """A file of this machine, as the lab names it."""
        return self._folder / name

    def _outside(self, name: str) -> Path:
        """The same, as the harness opens it."""
        return self.lab.path(self._inside(name))

    def _install(self) -> None:
        """What only machines have on their disk; all else is written as for any node."""
        units = sorted(UNITS.glob("*.service"))
        for unit in units:
            self.write(f"{product.SYSTEM_UNITS}/{unit.name}", unit.read_text())
        shell = (UNITS / "tests-shell.sh").read_text()
        self.write("/usr/lib/first-boot-tests/shell", shell, 0o755)
        self.write("/etc/default/tests-network", f"ADDRESS={self.blueprint.address}\n")
        systemctl = ("systemctl", f"--root={self.root}", "--quiet")
        self.lab.run(*systemctl, "enable", *(unit.name for unit in units))
        self.lab.run(*systemctl, "mask", *MASKED)
        if (clock := self.hardware.clock) is not None:
            self.write("/etc/default/tests-clock", f"CLOCK={clock}\n")

    def plug_in(self) -> None:
        """A fresh cable from the switch to the NIC."""
        script = f"""
            set -e
            ip link delete {self._link} 2>/dev/null || true
            ip tuntap add {self._link} mode tap
            ip link set {self._link} master {BRIDGE} up
        """
        self.lab.run("sh", "-c", script)

    def set_link(self, up: bool) -> None:
        """Pull the cable out of the NIC, or put it back."""
        self._linked = up
        if self.running():
            self._monitor("set_link", {"name": qemu_command.NIC, "up": up})

    def _monitor(self, command: str, arguments: dict[str, object]) -> None:
        monitor = self._outside("monitor")
        waiting.until(monitor.exists, COMMAND_LIMIT, f"{self.name}: QEMU has a monitor")
        qemu_monitor.command(monitor, command, arguments)

    def command_line(self) -> list[str]:
        """How QEMU is called."""
        small = self.hardware.boot == "kernel"
        return qemu_command.Call(
            name=self.name,
            hardware=self.hardware,
            folder=self._folder,
            kernel=self.kernel.image,
            initrd=self.kernel.initrd if small else self._inside(qemu_parts.INITRD),
            link=self._link,
            card_address=self._address,
            counted=self.counted,
        ).words()

    def boot(self) -> None:
        """Press the power button; returns at once."""
        if self.running():
            return
        if self.boots == 0:
            qemu_parts.make(self.lab, self.blueprint, self.kernel, self._folder)
        self.plug_in()
        self.boots += 1
        self._outside("monitor").unlink(missing_ok=True)
        self._hang_up()
        self.shell = PortShell(self._outside("shell"))
        group = self.lab.cgroup / self.name
        start = f'mkdir -p {group} && echo $$ >{group}/cgroup.procs && exec "$@"'
        with self.console.open("ab") as console:
            self._process = entering.start(
                self.lab.enter(["sh", "-c", start, "sh", *self.command_line()]),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        if not self._linked:
            self.set_link(up=False)

    def running(self) -> bool:
        """Whether the machine is powered on."""
        process = self._process
        return process is not None and process.poll() is None

    def kill(self) -> None:
        """Power loss: QEMU ends at once, and with it what the machine has not written."""
        if self._process is None or self._process.poll() is not None:
            return
        for process in processes.descendants_of(self._process.pid):
            os.kill(process, signal.SIGKILL)
        self.wait_until_off()

    def journal(self, output: str) -> str:
        """What the machine sent of its journal while it ran."""
        del output
        told = self._outside("journal")
        return qemu_journal.once(told.read_text(errors="replace")) if told.exists() else ""

    def _hang_up(self) -> None:
        if self.shell is not None:
            self.shell.close()
            self.shell = None

    def _forget(self) -> None:
        self._hang_up()
        super()._forget()
