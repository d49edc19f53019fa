"""The shell of a QEMU machine, without a machine: greetings, late answers, hang-ups."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.qemu_shell import NoAnswer, PortShell, ShellGone
from harness.waiting import WATCHDOG


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[PortShell]:
    shell = PortShell(tmp_path / "shell")
    yield shell
    shell.close()


@pytest.fixture
def machine(shell: PortShell, tmp_path: Path) -> Iterator[socket.socket]:
    """The machine's end, which has greeted."""
    with socket.socket(socket.AF_UNIX) as machine:
        machine.connect(str(tmp_path / "shell"))
        machine.settimeout(WATCHDOG)
        machine.sendall(b"greeting one\n")
        assert shell.greeted(WATCHDOG)
        yield machine


def answering(machine: socket.socket, answer: Callable[[bytes], bytes]) -> None:
    """In the background: read one request and answer it."""
    threading.Thread(target=lambda: machine.sendall(answer(machine.recv(4096)))).start()


def test_nobody_greets(shell: PortShell) -> None:
    assert not shell.greeted(0.1)


def test_a_command_with_input_and_both_outputs(shell: PortShell, machine: socket.socket) -> None:
    got: list[bytes] = []

    def answer(request: bytes) -> bytes:
        got.append(request)
        return b"done 1 3 4 2\no\n\0u" + b"no"

    answering(machine, answer)
    done = shell.run("cat 'a\nb'", b"in\0put", WATCHDOG)
    assert got == [b"1 6 cat 'a\nb'\0in\0put"]
    assert (done.returncode, done.stdout, done.stderr) == (3, b"o\n\0u", b"no")


def test_the_answer_to_a_command_that_was_given_up_is_not_the_next_ones(
    shell: PortShell, machine: socket.socket
) -> None:
    with pytest.raises(NoAnswer):
        shell.run("slow", b"", 0.1)
    machine.recv(4096)
    answering(machine, lambda _: b"done 1 0 4 0\nslowdone 2 0 5 0\nquick")
    assert shell.run("quick", b"", WATCHDOG).stdout == b"quick"


def test_a_new_boot_ends_the_command(shell: PortShell, machine: socket.socket) -> None:
    answering(machine, lambda _: b"greeting two\n")
    with pytest.raises(ShellGone, match="started again"):
        shell.run("systemctl reboot", b"", WATCHDOG)
    assert shell.boot == "two"


def test_power_loss_ends_the_command_at_once(shell: PortShell, machine: socket.socket) -> None:
    threading.Thread(target=lambda: (machine.recv(4096), machine.close())).start()
    # Where the end is not noticed, the limit is: that says "no answer".
    with pytest.raises(ShellGone, match="switched off"):
        shell.run("true", b"", WATCHDOG)
