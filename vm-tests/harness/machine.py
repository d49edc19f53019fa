"""A node as a test script sees it: the dialect of the NixOS test driver.

Names, arguments and meaning follow that driver, so that the same scripts run
under Nix. This file is power, cable and shell; what a script asks of systemd is
in `machine_units`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import IO

from . import entering, journals, waiting
from .log import Log
from .node import POWER_OFF, REBOOT, Node

Limit = float | timedelta
#: The driver's own default for everything that waits.
PATIENCE = 900
#: A command's own time limit is kept on the node; past it and this, the node is to blame.
GRACE = 30
#: So many lines of the console explain why a node is down.
LAST_WORDS = 15
#: What a root login has; nothing of the host's environment reaches a node.
ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    *("HOME=/root", "USER=root", "LANG=C.UTF-8"),
)


class RequestedAssertionFailed(AssertionError):
    """What the script asked for did not hold."""


def _at_least(limit: Limit | None) -> float | None:
    """The time of a command whose success counts: a slow host is no failure."""
    return None if limit is None else max(waiting.seconds(limit), waiting.WATCHDOG)


class Shell:
    """Power, cable and commands of one node."""

    def __init__(self, node: Node, log: Log) -> None:
        self.node = node
        self.name = node.name
        self.log = log
        self._connected_boot = 0
        self._may_reboot = False
        #: What the last command wrote to its standard error, where programs say why they failed.
        self._complaints = ""

    def nested(self, message: str) -> AbstractContextManager[None]:
        """Log a step of this machine; everything within belongs to it."""
        return self.log.nested(f"{self.name}: {message}")

    # Power

    def start(self, allow_reboot: bool = False) -> None:
        """Switch the node on; returns at once. Without `allow_reboot` a reboot would end it."""
        self.log.info(f"{self.name}: starts")
        if not self.node.running():
            self._may_reboot = allow_reboot
        self.node.boot()

    def shutdown(self) -> None:
        """Power off in order."""
        with self.nested("shut down"):
            if self.node.running():
                self.connect()
                self.node.send(POWER_OFF)
                self.wait_for_shutdown()

    def wait_for_shutdown(self) -> None:
        """Wait until the node has switched itself off."""
        self.node.wait_until_off()

    def crash(self) -> None:
        """Power loss; `start` boots the same disk again."""
        with self.nested("power loss"):
            self.node.kill()

    def rebooting(self) -> AbstractContextManager[None]:
        """Log a reboot, which the script has allowed."""
        if not self._may_reboot:
            raise RequestedAssertionFailed(f"{self.name}: say start(allow_reboot=True) first")
        return self.nested("reboot")

    def reboot(self) -> None:
        """Reboot in order; commands afterwards wait for the new boot."""
        with self.rebooting():
            self.connect()
            self.node.send(REBOOT)
            self.node.wait_until_off()
            self.node.boot()

    # Cable

    def block(self) -> None:
        """Pull the network cable."""
        self.log.info(f"{self.name}: cable pulled")
        self.node.set_link(up=False)

    def unblock(self) -> None:
        """Put the network cable back."""
        self.log.info(f"{self.name}: cable back")
        self.node.set_link(up=True)

    # Commands

    def connect(self) -> int:
        """Wait until commands can be run; the node is started where it is off."""
        if not self.node.running() and self.node.boots == 0:
            self.start()
        init = waiting.until(self._init, 60, f"{self.name}: systemd answers")
        if self._connected_boot != self.node.boots:
            # The driver's shell is a unit like others: basic.target comes first.
            basic = ("systemctl", "is-active", "--quiet", "basic.target")
            waiting.until(lambda: self.enter(basic, 60).returncode == 0, 60, f"{self.name}: is up")
            self._connected_boot = self.node.boots
        return init

    def _init(self) -> int | None:
        if not self.node.running():
            shown = "\n".join(journals.console(self.node).splitlines()[-LAST_WORDS:])
            raise RequestedAssertionFailed(
                f"{self.name} is switched off, or went down; its console ends with\n{shown}"
            )
        return self.node.init()

    def _entering(self, command: tuple[str, ...]) -> list[str]:
        namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        clean = ("env", "--ignore-environment", "--chdir=/", *ENVIRONMENT)
        inside = ("nsenter", "--target", str(self.node.init()), *namespaces)
        return [*inside, "--", *clean, *command]

    def enter(
        self,
        command: tuple[str, ...],
        limit: float = PATIENCE,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program on the node as root, its output kept apart."""
        try:
            return entering.run(self._entering(command), limit, stdin)
        except subprocess.TimeoutExpired:
            raise RequestedAssertionFailed(
                f"{self.name}: `{' '.join(command)}` has not ended in {limit:.0f} s, and was killed"
            ) from None

    def stream(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program on the node whose output is read as it comes."""
        self.connect()
        return entering.start(
            self._entering(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def execute(
        self,
        command: str,
        check_return: bool = True,
        check_output: bool = True,
        timeout: Limit | None = PATIENCE,
    ) -> tuple[int, str]:
        """Run shell text; returns the exit code and what it printed."""
        self.connect()
        shell: tuple[str, ...] = ("bash", "-c", f"set -euo pipefail; {command}")
        limit = PATIENCE if timeout is None else waiting.stretched(timeout)
        if timeout is not None:
            shell = ("timeout", f"--kill-after={GRACE / 3:g}", f"{limit:g}", *shell)
        done = self.enter(shell, limit + GRACE)
        self._complaints = done.stderr.decode(errors="replace")
        if done.stderr:
            self.log.detail(f"{self.name}: {self._complaints.rstrip()}")
        output = done.stdout.decode(errors="replace") if check_output else ""
        return (done.returncode if check_return else -1, output)

    def succeed(self, *commands: str, timeout: Limit | None = None) -> str:
        """Run commands that must succeed; returns all they printed."""
        output = ""
        for command in commands:
            with self.nested(f"must succeed: {command}"):
                code, printed = self.execute(command, timeout=_at_least(timeout))
                if code != 0:
                    raise RequestedAssertionFailed(
                        f"{self.name}: `{command}` failed (exit code {code})\n"
                        f"{printed}{self._complaints}"
                    )
                output += printed
        return output

    def fail(self, *commands: str, timeout: Limit | None = None) -> str:
        """Run commands that must fail; returns all they printed."""
        output = ""
        for command in commands:
            with self.nested(f"must fail: {command}"):
                code, printed = self.execute(command, timeout=_at_least(timeout))
                if code == 0:
                    raise RequestedAssertionFailed(
                        f"{self.name}: `{command}` unexpectedly succeeded\n{printed}"
                    )
                output += printed
        return output

    def _repeat(self, command: str, timeout: Limit, good: Callable[[int], bool], word: str) -> str:
        last = (0, "")

        def look() -> bool:
            """One try; remembers what came of it."""
            nonlocal last
            last = self.execute(command, timeout=_at_least(timeout))
            return good(last[0])

        with self.nested(f"waiting for {word}: {command}"):
            try:
                waiting.until(look, timeout, f"{self.name}: {word} of `{command}`")
            except waiting.NotInTime as error:
                code, printed = last
                raise RequestedAssertionFailed(
                    f"{error}; last exit code {code}, it printed\n{printed}{self._complaints}"
                ) from None
        return last[1]

    def wait_until_succeeds(self, command: str, timeout: Limit = PATIENCE) -> str:
        """Repeat a command until it succeeds."""
        return self._repeat(command, timeout, lambda code: code == 0, "success")

    def wait_until_fails(self, command: str, timeout: Limit = PATIENCE) -> str:
        """Repeat a command until it fails."""
        return self._repeat(command, timeout, lambda code: code != 0, "failure")
