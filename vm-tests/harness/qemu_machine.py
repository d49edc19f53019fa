"""A QEMU machine as a test script sees it: the same words as for every node.

Only what differs from an nspawn node is here: how commands reach it, and how it
is switched off. All waits are longer, for the machine is emulated.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import IO

from . import journals, waiting
from .log import Log
from .machine import LAST_WORDS, PATIENCE, RequestedAssertionFailed
from .machine_units import Machine
from .node import Node
from .qemu_node import QemuNode
from .qemu_shell import NoAnswer, PortShell, ShellGone

#: A boot takes 10 to 20 s on an idle host; on a busy one it may take many times that.
BOOT_LIMIT = 240.0
SHUTDOWN_LIMIT = 120.0
#: Between two looks whether the machine still runs.
LOOK = 1.0
#: What a command gets that was cut off by the machine's end: ssh says the same.
CUT_OFF = 255


class QemuMachine(Machine):
    """One emulated machine."""

    node: QemuNode

    def _shell(self) -> PortShell:
        """The shell of this power-on; an error where the machine is off."""
        shell = self.node.shell
        if shell is None or not self.node.running():
            raise RequestedAssertionFailed(
                f"{self.name} is switched off, or went down; {self._last_words()}"
            )
        return shell

    def _last_words(self) -> str:
        shown = "\n".join(journals.console(self.node).splitlines()[-LAST_WORDS:])
        return f"its console ends with\n{shown}"

    def connect(self) -> int:
        """Wait until commands can be run; the machine is started where it is off."""
        if not self.node.running() and self.node.boots == 0:
            self.start()
        try:
            waiting.until(self._greeted, BOOT_LIMIT, "a shell")
        except waiting.NotInTime as error:
            raise RequestedAssertionFailed(f"{self.name}: {error}; {self._last_words()}") from None
        return 0

    def _greeted(self) -> bool:
        shell = self._shell()
        try:
            return shell.greeted(LOOK)
        except OSError:
            # Switched off between two looks: the next one says so.
            return False

    def enter(
        self,
        command: tuple[str, ...],
        limit: float = PATIENCE,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program on the machine as root, its output kept apart."""
        given = b"" if isinstance(stdin, int) else stdin.read()
        try:
            return self._shell().run(shlex.join(command), given, limit * waiting.crowding())
        except NoAnswer as why:
            raise RequestedAssertionFailed(f"{self.name}: `{shlex.join(command)}`: {why}") from None
        except ShellGone as why:
            self.log.detail(f"{self.name}: {why}")
            return subprocess.CompletedProcess(command, CUT_OFF, b"", str(why).encode())

    def stream(self, *command: str) -> subprocess.Popen[bytes]:
        """Not offered: the one shell runs one command at a time."""
        raise NotImplementedError(f"{self.name} is a QEMU machine; nothing streams from it")

    def shutdown(self) -> None:
        """Power off in order."""
        with self.nested("shut down"):
            if self.node.running():
                self.connect()
                self.enter(("systemctl", "poweroff", "--no-block"))
                self.wait_for_shutdown()

    def wait_for_shutdown(self) -> None:
        """Wait until the machine has switched itself off."""
        self.node.wait_until_off(SHUTDOWN_LIMIT)

    def reboot(self) -> None:
        """Reboot in order, without power loss; commands afterwards wait for the new boot."""
        with self.rebooting():
            self.connect()
            shell = self._shell()
            self.enter(("systemctl", "reboot", "--no-block"))
            shell.forget()

    def switch_root(self) -> None:
        """Leave the initrd, whose shell has kept the machine in it, for the root file system."""
        with self.nested("switch root"):
            self.wait_for_unit("initrd.target", timeout=BOOT_LIMIT)
            shell = self._shell()
            initrd = shell.boot
            self.enter(("systemctl", "--no-block", "isolate", "initrd-switch-root.target"))
            if shell.boot == initrd:
                shell.forget()
            self.connect()


def machine(node: Node, log: Log) -> Machine:
    """The machine of the node's kind."""
    return (QemuMachine if isinstance(node, QemuNode) else Machine)(node, log)
