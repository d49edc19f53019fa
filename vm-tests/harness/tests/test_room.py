"""Room for nodes: who looks has claimed it before the next one looks."""

from __future__ import annotations

import ctypes
import fcntl
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import blueprint, processes, product, provision, room, waiting
from harness.lab import Lab
from harness.waiting import WATCHDOG

LIBC = ctypes.CDLL(None)
#: Claims room for one node, and has a child that has three instances.
RUN = f"""
import ctypes, os
claim = os.memfd_create("{room.CLAIM}{room.FOR_A_NODE}")
there, arrived = os.pipe()
child = os.fork()
if child == 0:
    os.close(claim)
    [ctypes.CDLL(None).inotify_init1(0) for _ in "123"]
    os.write(arrived, b"!")
else:
    os.read(there, 1)
    print(child, flush=True)
os.read(0, 1)
"""


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A host with this process alone; returns what says how many instances it allows."""
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / str(os.getpid())).symlink_to(f"/proc/{os.getpid()}")
    monkeypatch.setattr(processes, "PROC", proc)
    monkeypatch.setattr(room, "ALLOWED", tmp_path / "allowed")
    monkeypatch.setattr(room, "LIMIT", 0)
    monkeypatch.setattr(waiting, "WATCHDOG", 0)
    before = room.taken()

    def allow(instances: int) -> None:
        room.ALLOWED.write_text(f"{before + instances}\n")

    return allow


def test_a_host_without_inotify_instances_has_no_room(host: Callable[[int], None]) -> None:
    host(room.FOR_A_NODE - 1)
    with pytest.raises(waiting.NotInTime, match="1 more nodes.*sysctl fs.inotify"):
        room.take(1)
    host(room.FOR_A_NODE)
    room.take(1).close()


def test_room_is_given_once_though_its_nodes_have_taken_nothing_yet(
    host: Callable[[int], None],
) -> None:
    host(3 * room.FOR_A_NODE)
    with room.take(2):
        with pytest.raises(waiting.NotInTime):
            room.take(2)
        room.take(1).close()
    room.take(2).close()


def test_nobody_claims_while_another_run_looks(host: Callable[[int], None]) -> None:
    host(room.FOR_A_NODE)
    with room.ALLOWED.open() as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_EX)
        with pytest.raises(waiting.NotInTime):
            room.take(1)
    room.take(1).close()


def test_instances_of_a_claim_count_once_and_all_others_beside_it() -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    ours = [LIBC.inotify_init1(os.O_CLOEXEC) for _ in range(2)]
    try:
        before = room.taken()
        with subprocess.Popen([sys.executable, "-c", RUN], **pipes) as running:
            below = int(running.stdout.readline())
            for pid in (running.pid, below):
                (processes.PROC / str(pid)).symlink_to(f"/proc/{pid}")
            assert room.held_by(Path(f"/proc/{below}"))[room.INSTANCE] == 3
            assert room.taken() - before == room.FOR_A_NODE
            # The one that claimed has ended: what its nodes have still counts.
            (processes.PROC / str(running.pid)).unlink()
            assert room.taken() - before == 3
            running.communicate(b"\n\n", timeout=WATCHDOG)
    finally:
        for instance in ours:
            os.close(instance)


@pytest.mark.parametrize(("hardware", "awaited"), [({"hardware": {}}, []), ({}, [1])])
def test_emulated_machines_wait_for_no_room(
    hardware: dict[str, object], awaited: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / "nodes.json"
    node = {"address": "10.0.1.10", **hardware}
    described.write_text(json.dumps({"nodes": {"node01": node}}))
    asked: list[int] = []
    monkeypatch.setattr(room, "take", lambda nodes: asked.append(nodes) or io.BytesIO())
    monkeypatch.setattr(Lab, "before_close", lambda *_: None)
    monkeypatch.setattr(product, "layer", lambda *_, **__: tmp_path)
    for made in ("issue_certificates", "provision", "Node", "QemuNode"):
        monkeypatch.setattr(provision, made, lambda *_: None)
    provision.nodes_of(Lab.__new__(Lab), tmp_path, blueprint.read(described))
    assert asked == awaited
