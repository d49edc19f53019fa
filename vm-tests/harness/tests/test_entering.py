"""What enters a node or the lab comes back, whatever happens to it there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import blueprint, ending, entering, processes, provision, rootfs, waiting
from harness.lab import Lab, LabError
from harness.log import Log
from harness.machine import RequestedAssertionFailed
from harness.machine_units import Machine

pytestmark = pytest.mark.usefixtures("nodes_can_run")

NODES = '{"nodes": {"node01": {"address": "10.0.1.10"}}}'


@pytest.fixture(scope="module")
def node01(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    described = tmp_path_factory.mktemp("nodes") / "nodes.json"
    described.write_text(NODES)
    log = Log()
    with Lab() as lab:
        base = rootfs.base(log.info)
        [node] = provision.nodes_of(lab, base, blueprint.read(described))
        machine = Machine(node, log)
        machine.wait_for_unit("multi-user.target", timeout=60)
        yield machine


def test_a_command_that_is_stopped_goes_on(node01: Machine) -> None:
    assert node01.enter(("bash", "-c", "kill -STOP $$; echo went on"), 20).stdout == b"went on\n"
    # Between nsenter and the shell is `timeout` here.
    assert node01.execute("kill -STOP $PPID; echo went on", timeout=20) == (0, "went on\n")


def test_a_command_that_is_stopped_and_killed_ends(node01: Machine) -> None:
    killed = "bash -c 'kill -STOP $PPID; kill -KILL $PPID' & wait"
    assert node01.enter(("bash", "-c", killed), 20).returncode != 0


def test_a_stream_that_is_stopped_goes_on(node01: Machine) -> None:
    streaming = node01.stream("bash", "-c", "kill -STOP $$; echo went on")
    try:
        assert streaming.communicate(timeout=20)[0] == b"went on\n"
    finally:
        ending.end(streaming)


def test_a_command_of_the_lab_that_is_stopped_goes_on(node01: Machine) -> None:
    went_on = node01.node.lab.run("bash", "-c", "kill -STOP $$; echo went on", limit=20)
    assert went_on == "went on\n"


def test_a_command_past_its_limit_is_killed_with_all_below_it(node01: Machine) -> None:
    def left() -> bool:
        return bool(node01.execute("pgrep --exact tail")[1])

    # In the second the shell ends at once; its child keeps the output open.
    for command in ("tail -f /dev/null >/dev/null & wait", "tail -f /dev/null &"):
        with pytest.raises(RequestedAssertionFailed, match="has not ended in 1 s"):
            node01.enter(("bash", "-c", command), 1)
    waiting.until(lambda: not left(), 10, "nothing is left on the node")
    with pytest.raises(LabError, match="has not ended in 1 s"):
        node01.node.lab.run("tail", "-f", "/dev/null", limit=1)


def test_a_program_that_cannot_be_asked_to_end_is_ended() -> None:
    deaf = "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); print('up', flush=True); s.pause()"
    process = entering.start([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    ending.end(process)
    assert process.returncode == -9
    assert not Path("/proc", str(process.pid)).exists()
    assert processes.descendants_of(process.pid) == []
