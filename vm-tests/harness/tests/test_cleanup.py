"""Every way a run ends leaves the host as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import ending, leftovers, places, waiting
from harness.tests import footprint

pytestmark = pytest.mark.usefixtures("nodes_can_run")

#: A demo takes half a minute, a build some; what is only slow comes to its end.
SLOW = 900
#: After SIGKILL everything goes by itself, in a moment.
SOON = 60


class Run:
    """A program of the harness in a process group of its own, as a terminal starts it."""

    def __init__(self, *arguments: str) -> None:
        self.mark = os.urandom(8).hex()
        self.before = footprint.shared()
        self.process = subprocess.Popen(
            [sys.executable, "-B", *arguments],
            cwd=places.REPOSITORY,
            env={**os.environ, footprint.MARK: self.mark, "PYTHONPATH": str(places.VM_TESTS)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.lab = f"first-boot-lab-{self.process.pid}"
        self.said = ""

    def read_until(self, text: str) -> None:
        """Read its output until a line contains the text; the test's own deadline ends it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if text in line:
                return
        raise AssertionError(f"ended without saying {text!r}:\n{self.said}")

    def end(self) -> int:
        """Wait for its end; returns its exit code."""
        said, _ = waiting.patiently(
            lambda seconds: self.process.communicate(timeout=seconds),
            lambda: waiting.stretched(SLOW),
        )
        self.said += said
        return self.process.returncode

    def no_process(self) -> bool:
        """Whether none of its processes is alive."""
        return not footprint.processes_of(self.mark, self.lab)

    def assert_nothing_left(self) -> None:
        """Compare with what was there before it started."""

        def left() -> list[str]:
            return footprint.processes_of(self.mark, self.lab) + footprint.cgroups_of(self.lab)

        # After SIGKILL the lab ends by itself a moment later.
        try:
            waiting.until(lambda: not left(), SOON, "nothing of the run is left")
        except waiting.NotInTime:
            pytest.fail(f"left behind: {left()}\n{self.said}")
        assert footprint.shared() == self.before
        assert not list(places.CACHE.glob(f"*-{self.process.pid}*"))


Start = Callable[..., Run]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts runs; they are ended, should a test give up on them."""
    made: list[Run] = []

    def begin(*arguments: str) -> Run:
        """One run."""
        made.append(Run(*arguments))
        return made[-1]

    yield begin
    for run in made:
        if run.process.poll() is None:
            ending.end(run.process)


@pytest.fixture
def demo(start: Start) -> Run:
    return start("-m", "harness.demo", "nodes")


def test_a_finished_demo_leaves_nothing(demo: Run) -> None:
    code = demo.end()
    assert code == 0, demo.said
    for line in ("first-boot-agent status", "members of chainfire", "members of flaredb"):
        assert line in demo.said
    demo.assert_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_leaves_nothing(demo: Run, number: signal.Signals) -> None:
    demo.read_until("is up")
    os.killpg(demo.process.pid, number)
    assert demo.end() == 128 + number
    assert "Traceback" not in demo.said
    demo.assert_nothing_left()


@pytest.mark.parametrize("moment", ["building the agent", "nodes installed", "power on"])
def test_a_demo_interrupted_early_leaves_nothing(demo: Run, moment: str) -> None:
    demo.read_until(moment)
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.end() != 0
    assert "interrupted; switching everything off" in demo.said
    assert "Traceback" not in demo.said
    demo.assert_nothing_left()


def test_a_killed_demo_leaves_nothing(demo: Run) -> None:
    demo.read_until("is up")
    demo.process.kill()
    demo.end()
    demo.assert_nothing_left()


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGKILL])
def test_the_loopback_demo_leaves_nothing(number: signal.Signals | None, start: Start) -> None:
    run = start("-m", "harness.demo", "loopback")
    if number is None:
        assert run.end() == 0, run.said
        assert "members of flaredb" in run.said
    else:
        run.read_until("services and agent started")
        run.process.send_signal(number)
        assert run.end() != 0
    if number is not signal.SIGKILL:
        run.assert_nothing_left()
    else:
        # Only the folder stays, until the next run finds its owner dead.
        waiting.until(run.no_process, SOON, "the demo's processes have ended")
        leftovers.sweep_folders()
        run.assert_nothing_left()


def test_what_comes_to_start_after_the_demo_was_killed_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: Start
) -> None:
    # A setpriv that asks for the signal of our death when we are dead.
    go, late, started = (tmp_path / name for name in ("go", "setpriv", "started"))
    os.mkfifo(go)
    late.write_text(f'#!/bin/sh\nread -r _ <{go}\nexec {shutil.which("setpriv")} "$@"\n')
    late.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    program = f"""
import signal, subprocess
from harness.stage import Stage
Stage(None, []).start(["touch", {str(started)!r}], subprocess.DEVNULL)
signal.pause()
"""
    run = start("-c", program)
    # Opens when the late one reads.
    with go.open("w") as word:
        run.process.kill()
        run.end()
        word.write("\n")
    waiting.until(run.no_process, SOON, "the late process has ended")
    assert not started.exists()


def test_without_cargo_the_demo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start: Start
) -> None:
    # The host's programs but for cargo, which a distribution may have put among them.
    for tool in (*Path("/usr/sbin").iterdir(), *Path("/usr/bin").iterdir()):
        if tool.name != "cargo" and not (tmp_path / tool.name).is_symlink():
            (tmp_path / tool.name).symlink_to(tool)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FIRST_BOOT_AGENT", raising=False)
    run = start("-m", "harness.demo", "nodes")
    assert run.end() == 2
    assert "install Rust 1.95 or newer" in run.said
    assert "Traceback" not in run.said
    run.assert_nothing_left()


def test_a_failed_scenario_leaves_nothing(tmp_path: Path, start: Start) -> None:
    nodes = '{"nodes": {"node01": {"address": "10.0.1.10", "services": []}}}'
    (tmp_path / "nodes.json").write_text(nodes)
    (tmp_path / "test.py").write_text('node01.succeed("echo nothing is well >&2; false")\n')
    program = (
        "from harness.scenario import Scenario; from pathlib import Path;"
        f"Scenario(Path({str(tmp_path)!r})).run(print)"
    )
    run = start("-c", program)
    assert run.end() != 0
    assert "nothing is well" in run.said
    run.assert_nothing_left()
