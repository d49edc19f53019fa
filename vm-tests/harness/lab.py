"""A lab: the namespaces in which the nodes of one run live.

Mounts, processes and the network of the nodes are the lab's own; the host sees
a few processes and one cgroup, whose names carry the harness' PID. Ending the
keeper ends all of it. Must not know what a node is: see `node`.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from . import entering, keeper, leftovers, places, processes

BRIDGE = "br0"
#: Nothing in a lab is slow; what takes longer hangs.
COMMAND_LIMIT = 300.0

_numbers = count(1)


class LabError(RuntimeError):
    """The lab could not be set up, or a command of the set-up failed."""


class Lab:
    """Open from construction to `close`; usable as a context manager."""

    def __init__(self) -> None:
        self.name = f"first-boot-lab-{os.getpid()}-{next(_numbers)}"
        self._closers: list[Callable[[], None]] = []
        leftovers.sweep_cgroups()
        # A session of its own: Ctrl-C on the terminal reaches the harness alone,
        # which then closes things in order.
        self._unshare = subprocess.Popen(
            [
                *("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork"),
                *("--kill-child", "--mount-proc", "--propagation", "private"),
                *(sys.executable, keeper.__file__, self.name, BRIDGE),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.cgroup = self._wait_until_ready()
        self.pid = processes.descendants_of(self._unshare.pid)[0]

    def _wait_until_ready(self) -> Path:
        assert self._unshare.stdout is not None
        heard, _, _ = select.select([self._unshare.stdout], [], [], COMMAND_LIMIT)
        # One line, written at once: where its beginning is there, its end is.
        answer = self._unshare.stdout.readline().decode().split() if heard else []
        if answer[:1] != ["ready"]:
            self._unshare.kill()
            said = self._unshare.communicate(timeout=COMMAND_LIMIT)[1].decode().strip()
            said = said or ("no reason given" if heard else "no answer")
            raise LabError(f"the lab's namespaces could not be made: {said}")
        return Path(answer[1])

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def root(self) -> Path:
        """The file system as the lab sees it, reachable from the host's."""
        return Path(f"/proc/{self.pid}/root")

    def path(self, inside: Path) -> Path:
        """A path inside the lab, as the harness can open it."""
        return self.root / inside.relative_to("/")

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` inside the lab."""
        namespaces = ("--mount", "--net", "--pid", "--uts", "--ipc")
        return [
            *("nsenter", "--target", str(self.pid), *namespaces),
            *("--", "env", f"--chdir={places.REPOSITORY}", *command),
        ]

    def run(self, *command: str, limit: float = COMMAND_LIMIT) -> str:
        """Run a command of the set-up inside the lab and return what it printed."""
        try:
            done = entering.run(self.enter(command), limit)
        except subprocess.TimeoutExpired:
            raise LabError(
                f"`{' '.join(command)}` in the lab has not ended in {limit:.0f} s, and was killed"
            ) from None
        if done.returncode != 0:
            said = (done.stderr + done.stdout).decode(errors="replace").strip()
            raise LabError(f"`{' '.join(command)}` in the lab ended with {done.returncode}: {said}")
        return done.stdout.decode(errors="replace")

    def before_close(self, closer: Callable[[], None]) -> None:
        """Have `closer` called when the lab closes, the last one first."""
        self._closers.append(closer)

    def close(self) -> None:
        """End every process of the lab and wait until the namespaces are removed."""
        while self._closers:
            self._closers.pop()()
        if self._unshare.stdin is not None:
            self._unshare.stdin.close()
        try:
            self._unshare.wait(timeout=COMMAND_LIMIT)
        except subprocess.TimeoutExpired:
            # `--kill-child` makes the keeper, and with it the namespace, follow.
            self._unshare.kill()
            self._unshare.wait(timeout=COMMAND_LIMIT)
        for stream in (self._unshare.stdout, self._unshare.stderr):
            if stream is not None:
                stream.close()
