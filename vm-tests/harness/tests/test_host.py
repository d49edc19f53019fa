"""What is installed on a host is listed first; with stand-ins for apt and rustup."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness import places

#: A host that has nothing but etcd, whose service is none of this test's business; each program
#: writes down how it was called.
PROGRAMS = {
    "dpkg-query": 'case "$*" in *etcd*) echo installed ;; *) echo not-installed ;; esac',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"',
    "rustup": 'echo "rustup $*" >>"$CALLS"',
    "cargo": "false",
}


def install(folder: Path, *words: str) -> tuple[list[str], list[str]]:
    """What `host.sh` printed, and what it called."""
    for name, script in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls)}
    environment["CARGO_HOME"] = str(folder)
    done = subprocess.run(
        [str(places.HARNESS / "host.sh"), *words], env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.splitlines(), calls.read_text().splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs")
def test_what_is_installed_is_listed_first_and_is_what_was_asked_for(tmp_path: Path) -> None:
    said, called = install(tmp_path, "loopback")
    assert said[0] == "to install with apt: build-essential python3"
    assert "crates of Cargo.lock" in said[1]
    assert [call.split()[-2:] for call in called] == [["build-essential", "python3"]]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs")
def test_the_demo_needs_less_than_the_tests(tmp_path: Path) -> None:
    demo, called = install(tmp_path, "demo")
    assert "systemd-container" in demo[0] and "qemu" not in demo[0] and len(called) == 1
    tests, called = install(tmp_path)
    assert "qemu-system-x86" in tests[0] and tests[1] == "to add with rustup: rustfmt clippy"
    built = any(places.CACHE.glob("cargo-deny-*"))
    assert any("to build, once: cargo-deny" in line for line in tests) is not built
    assert called[-1] == "rustup component add rustfmt clippy"


def test_an_unknown_word_is_refused() -> None:
    refused = subprocess.run(
        [str(places.HARNESS / "host.sh"), "everything"], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 2 and "usage" in refused.stderr
