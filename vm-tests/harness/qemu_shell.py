"""Runs commands on a QEMU machine through a port; the other end is units/qemu/tests-shell.sh.

Knows bytes and numbers; must not know what a command means, nor start machines.
"""

from __future__ import annotations

import socket
import subprocess
import time
from itertools import count
from pathlib import Path


class ShellGone(Exception):
    """No answer will come: the machine went down, or was started again."""


class NoAnswer(ShellGone):
    """The machine runs, and has not answered in time."""


class PortShell:
    """Listens where QEMU connects to; one command at a time."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(1)
        self._port: socket.socket | None = None
        self._read = b""
        self._numbers = count(1)
        #: The boot whose shell answers, once it has greeted.
        self.boot: str | None = None

    def close(self) -> None:
        """Nothing is to be heard from this power-on any more."""
        self._listening.close()
        if self._port is not None:
            self._port.close()

    def greeted(self, limit: float) -> bool:
        """Whether a shell is there; waits for its greeting so long."""
        deadline = time.monotonic() + limit
        try:
            while self.boot is None:
                self._header(deadline)
        except TimeoutError:
            return False
        return True

    def forget(self) -> None:
        """The machine is about to reboot: the next greeting counts."""
        self.boot = None

    def run(self, command: str, stdin: bytes, limit: float) -> subprocess.CompletedProcess[bytes]:
        """Run shell text, and give its input; `ShellGone` where no answer comes."""
        if "\0" in command:
            raise ValueError("a command cannot hold a NUL")
        deadline = time.monotonic() + limit
        number, boot = next(self._numbers), self.boot
        request = f"{number} {len(stdin)} {command}".encode() + b"\0" + stdin
        try:
            self._connected(deadline).sendall(request)
            while True:
                word, *rest = self._header(deadline)
                if self.boot != boot:
                    raise ShellGone("the machine was started again")
                if word != "done":
                    continue
                answered, code, out, err = map(int, rest)
                output, errors = self._take(out, deadline), self._take(err, deadline)
                # The answer to a request that was given up comes late.
                if answered == number:
                    return subprocess.CompletedProcess(command, code, output, errors)
        except TimeoutError:
            raise NoAnswer(f"no answer within {limit:.0f} s") from None
        except OSError as error:
            raise ShellGone(f"the port is closed: {error}") from None

    def _connected(self, deadline: float) -> socket.socket:
        if self._port is None:
            self._listening.settimeout(max(0.01, deadline - time.monotonic()))
            self._port, _ = self._listening.accept()
        self._port.settimeout(max(0.01, deadline - time.monotonic()))
        return self._port

    def _more(self, deadline: float) -> None:
        got = self._connected(deadline).recv(65536)
        if not got:
            raise ConnectionResetError("the machine is switched off")
        self._read += got

    def _header(self, deadline: float) -> list[str]:
        """The next line; a greeting is noted as well."""
        while b"\n" not in self._read:
            self._more(deadline)
        line, _, self._read = self._read.partition(b"\n")
        words = line.decode(errors="replace").split() or [""]
        if words[0] == "greeting":
            self.boot = words[1]
        return words

    def _take(self, size: int, deadline: float) -> bytes:
        while len(self._read) < size:
            self._more(deadline)
        taken, self._read = self._read[:size], self._read[size:]
        return taken
