"""A kernel that gives no random numbers: the agent says so, instead of a panic (row F22)."""

from __future__ import annotations

import subprocess
import sys

from harness import product

#: Forbids getrandom(2) to itself by a filter of the kernel, then becomes the program.
WITHOUT = """
import ctypes, os, platform, struct, sys
number = {"x86_64": 318, "aarch64": 278}[platform.machine()]
rows = [
    (0x20, 0, 0, 0),               # load the call's number
    (0x15, 0, 1, number),          # is it getrandom?
    (0x06, 0, 0, 0x00050000 | 1),  # SECCOMP_RET_ERRNO, EPERM
    (0x06, 0, 0, 0x7FFF0000),      # SECCOMP_RET_ALLOW
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(rows), ctypes.addressof(code))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS"
assert prctl(22, 2, ctypes.byref(program), 0, 0) == 0, "PR_SET_SECCOMP"
os.execv(sys.argv[1], sys.argv[1:])
"""
#: Nothing in /dev either, so that nobody finds another way.
NO_DEVICES = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev && exec "$@"', "sh")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = (*NO_DEVICES, sys.executable, "-c", WITHOUT, str(product.agent()), *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_f22_without_random_numbers_there_is_an_error_and_no_panic() -> None:
    for arguments in (("join", "chainfire"), ("status",), ("config", "validate")):
        ended = run(*arguments)
        assert ended.returncode == 78, (arguments, ended)
        assert "the kernel gives no random numbers (getrandom(2) fails); allow" in ended.stderr
        assert "panicked" not in ended.stderr
    ended = run("--version")
    assert (ended.returncode, ended.stderr) == (0, ""), ended
