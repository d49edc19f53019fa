"""What hangs is shown and ended, and what comes after it runs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import lint, places, step, waiting
from harness.aside import Aside, Step
from harness.counts import of_check
from harness.ending import what_runs_below

#: Three ways to hang; the program that each waits for distinguishes it from the others.
HANGING = """
import os, subprocess, pytest

def test_that_waits_for_a_process():
    subprocess.run(["tail", "-f", "/dev/null"])

def test_that_takes_an_alarm_for_a_missing_file():
    while True:
        try:
            os.read(os.pipe()[0], 1)
        except OSError:
            pass

@pytest.fixture
def endless():
    yield
    subprocess.run(["tail", "--follow", "/dev/null"])

def test_whose_fixture_does_not_end(endless):
    pass

def test_that_comes_last():
    pass
"""


def test_a_test_that_hangs_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING)
    # The conftest is this suite's own, as a plugin.
    plugged = ["-p", "conftest", "-c", str(places.VM_TESTS / "pytest.ini")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugged, str(tmp_path)],
        env={**os.environ, "TEST_LIMIT": "3", "PYTHONPATH": str(places.VM_TESTS)},
        capture_output=True,
        text=True,
        timeout=2 * waiting.WATCHDOG,
    )
    said = done.stdout
    assert done.returncode == 1, said + done.stderr
    assert "2 failed, 2 passed, 1 error" in said
    assert said.count("took more than 3 s") >= 3
    # The thread, and the program that it waits for.
    assert "in test_that_waits_for_a_process" in said
    assert "tail -f /dev/null" in said and "tail --follow /dev/null" in said


def test_a_step_that_hangs_is_ended_and_has_failed(capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    # The last one leaves the group and the session, and holds on to the output.
    hangs = "echo begun; setsid tail -f /dev/null & wait"
    assert step.run(("bash", "-c", hangs), heard.append, limit=4) == step.HUNG
    begun, said = heard
    assert begun == "begun\n"
    assert capfd.readouterr().out == ""
    assert "has not ended in 4 s" in said and "tail -f /dev/null" in said
    # Waiting for the end of its own output, it would have taken much longer.
    assert step.run(("true",)) == 0
    assert step.run(("bash", "-c", "exit 3")) == 3


def aside_of(*commands: str, lanes: int = 1) -> Aside:
    """A step for each command of the shell, in the background."""

    def taking(command: str) -> Step:
        return lambda say: of_check(command, step.run(("bash", "-c", command), say))

    return Aside([taking(command) for command in commands], lanes)


def test_steps_aside_are_printed_in_order_and_whole(capfd: pytest.CaptureFixture[str]) -> None:
    results = aside_of("echo one; echo of it >&2", "echo two; exit 3").results()
    assert [(counts.passed, counts.failed) for counts in results] == [(1, 0), (0, 1)]
    assert capfd.readouterr().out == "one\nof it\ntwo\n"


def test_who_is_free_takes_the_next_step_off(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    aside = aside_of(f"read -r _ <{tmp_path}/go", "exit 3")
    # Opens when the first one has begun.
    with (tmp_path / "go").open("w") as word:
        second = aside.next()
        assert second is not None and second(None).failed == 1
        assert aside.next() is None
        word.write("\n")
    assert [counts.passed for counts in aside.results()] == [1]


def test_in_two_lanes_two_steps_run_at_a_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "met")
    # Each end of a pipe waits for the other one.
    meeting = [f"exec 3<{tmp_path}/met", f"exec 3>{tmp_path}/met"]
    assert [counts.passed for counts in aside_of(*meeting, lanes=2).results()] == [1, 1]


def test_steps_aside_end_with_the_run(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    aside = aside_of(f"echo $$ >{begun}.new; mv {begun}.new {begun}; tail -f /dev/null", "echo on")
    waiting.until(begun.exists, 10, "the first step has begun")
    aside.stop()
    assert not Path(f"/proc/{begun.read_text().strip()}").exists()
    assert capfd.readouterr().out == ""


def test_what_runs_is_reported_with_its_state() -> None:
    with subprocess.Popen(["tail", "-f", "/dev/null"]) as running:
        try:
            running.send_signal(19)
            line = f"{running.pid} below {os.getpid()}"

            def stopped() -> bool:
                told = [one for one in what_runs_below(os.getpid()).splitlines() if line in one]
                return bool(told) and " T " in told[0] and "tail -f /dev/null" in told[0]

            waiting.until(stopped, 10, "the process is reported as stopped")
        finally:
            running.kill()


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("process.wait()", True),
        ("process.wait(timeout=3)", False),
        ("event.wait(3)", False),
        ("process.communicate()", True),
        ("thread.join()", True),
        ("', '.join(words)", False),
        ("subprocess.run(['true'])", True),
        ("subprocess.run(['true'], timeout=3)", False),
    ],
)
def test_a_wait_without_end_is_a_finding(call: str, found: bool) -> None:
    [expression] = ast.parse(call).body
    assert isinstance(expression, ast.Expr) and isinstance(expression.value, ast.Call)
    assert lint.waits_without_end(expression.value) == found
