"""A node's disk, its place in the network, and its life as a process tree.

Knows nspawn and the lab; must not know how scenarios talk to a node (`machine`
does) nor what they expect of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from . import entering, places, processes, waiting
from .blueprint import NodeBlueprint
from .lab import BRIDGE, COMMAND_LIMIT, Lab

#: nspawn's exit code for a node that asked to be rebooted.
REBOOT_ASKED = 133
#: What systemd as PID 1 takes as "power off" and "reboot".
POWER_OFF = signal.SIGRTMIN + 4
REBOOT = signal.SIGRTMIN + 5
#: systemd gives a service 90 s to stop before it kills it.
SHUTDOWN_LIMIT = 150.0
PORT = "eth0"
#: PID 1 lives two namespaces below the harness: the lab's and its own.
INIT_DEPTH = 2


class Node:
    """One node; its disk outlives shutdown and crash, as a machine's would."""

    def __init__(self, lab: Lab, blueprint: NodeBlueprint, index: int, lower: str) -> None:
        self.lab = lab
        self.blueprint = blueprint
        self.name = blueprint.name
        self.boots = 0
        self._link = f"port{index}"
        self._linked = True
        self._folder = places.LAB / self.name
        self._process: subprocess.Popen[bytes] | None = None
        self._init: int | None = None
        self._make_disk(lower)
        lab.before_close(self._forget)

    @property
    def root(self) -> Path:
        """The node's root file system, as the lab names it."""
        return self._folder / "root"

    @property
    def console(self) -> Path:
        """Everything the node's console showed, over all boots."""
        return self.lab.path(self._folder / "console")

    def _make_disk(self, lower: str) -> None:
        upper, work = self._folder / "upper", self._folder / "work"
        self.lab.run("mkdir", "--parents", *map(str, (upper, work, self.root)))
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        self.lab.run("mount", "-t", "overlay", "overlay", "-o", options, str(self.root))

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Put a file on the disk of a node that has not been started yet."""
        target = self.lab.path(self.root / path.lstrip("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)

    def journal(self, output: str) -> str:
        """All boots of the node's journal, also where the node is off."""
        show = ("journalctl", "--no-pager", "--quiet", "--all", f"--output={output}")
        return self.lab.run("chroot", str(self.root), *show, "--directory=/var/log/journal")

    def plug_in(self) -> None:
        """A fresh network namespace and cable: no connection outlives a boot."""
        lab, name, link = self.lab, self.name, self._link
        script = f"""
            set -e
            ip link delete {link} 2>/dev/null || true
            ip netns delete {name} 2>/dev/null || true
            ip netns add {name}
            ip link add {link} type veth peer name {PORT} netns {name}
            ip link set {link} master {BRIDGE} {"up" if self._linked else "down"}
            ip -n {name} link set lo up
            ip -n {name} address add {self.blueprint.address}/24 dev {PORT}
            ip -n {name} link set {PORT} up
        """
        lab.run("sh", "-c", script)

    def set_link(self, up: bool) -> None:
        """Pull the cable out of the switch, or put it back."""
        self._linked = up
        self.lab.run("ip", "link", "set", self._link, "up" if up else "down")

    def boot(self) -> None:
        """Start PID 1; returns at once, like pressing the power button."""
        if self.running():
            return
        self.plug_in()
        self.boots += 1
        self._init = None
        group = self.lab.cgroup / self.name
        nspawn = (
            # A filter of nspawn's own would hide whether a unit has one.
            f"mkdir -p {group} && echo $$ > {group}/cgroup.procs"
            " && exec env SYSTEMD_SECCOMP=0 systemd-nspawn"
            f" --directory={self.root} --boot --machine={self.name} --register=no --keep-unit"
            f" --network-namespace-path=/run/netns/{self.name} --console=read-only"
            " --link-journal=no --resolv-conf=off --timezone=off"
            " systemd.show_status=1 systemd.log_color=0"
        )
        with self.console.open("ab") as console:
            self._process = entering.start(
                self.lab.enter(["sh", "-c", nspawn]),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    def running(self) -> bool:
        """Whether the node is powered on; one that rebooted itself is again."""
        # Once: another thread may close the lab, and forget the process, between two looks.
        process = self._process
        if process is None:
            return False
        code = process.poll()
        if code == REBOOT_ASKED:
            self._process = None
            self.boot()
            return True
        return code is None

    def init(self) -> int | None:
        """PID 1 of the node as the host numbers it, once systemd is there."""
        process = self._process if self.running() else None
        if process is None:
            return None
        if self._init is None:
            found = processes.init_below(process.pid, INIT_DEPTH)
            if found is not None and Path(f"/proc/{found}/root/run/systemd/private").exists():
                self._init = found
        return self._init

    def _any_init(self) -> int | None:
        """PID 1, also while it is still setting up and would not hear a request."""
        if self._process is None or self._process.poll() is not None:
            return -1
        return self._init or processes.init_below(self._process.pid, INIT_DEPTH)

    def send(self, number: int) -> None:
        """Signal PID 1; a node that is off has nobody to hear it."""
        target = waiting.until(self._any_init, COMMAND_LIMIT, f"{self.name} has a PID 1")
        if target > 0:
            os.kill(target, number)

    def wait_until_off(self, limit: float = SHUTDOWN_LIMIT) -> int:
        """Wait for the node's end and return nspawn's exit code."""
        if self._process is None:
            return 0
        try:
            wait = self._process.wait
            code = waiting.patiently(
                lambda seconds: wait(timeout=seconds), lambda: waiting.patience(limit)
            )
        except subprocess.TimeoutExpired:
            raise waiting.NotInTime(f"{self.name} is not off after {limit:.0f} s") from None
        self._process = None
        self._init = None
        return code

    def kill(self) -> None:
        """Power loss: PID 1 and all below it end at once, the disk stays."""
        if self.running():
            self.send(signal.SIGKILL)
            self.wait_until_off()

    def _forget(self) -> None:
        """The lab closes: its keeper kills what runs, we collect the exit code."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=COMMAND_LIMIT)
            self._process = None
