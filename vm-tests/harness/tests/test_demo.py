"""What `make demo` refuses, and when its last line about etcd may be said."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from harness import demo_etcd, places
from harness.machine import RequestedAssertionFailed

MARKER = "2026-11-29T20:12:25+00:00\nnode_id=node04\ncluster_id=6e64\nmachine_id=ead5\n"
NODE01: dict[str, Any] = {"ID": 1, "name": "node01"}
NODE04: dict[str, Any] = {"ID": 4, "name": "node04"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--services=consul"], "SERVICES=consul is no demo; there is SERVICES=etcd"),
        (["loopback", "--services=etcd"], "SERVICES=etcd needs systemd: leave MODE=loopback out"),
        (["--services=etcd", "--services=etcd"], "usage: "),
        (["--record=/nowhere/demo.svg"], "RECORD=/nowhere/demo.svg: /nowhere is no directory"),
        (["somewhere"], "usage: "),
    ],
)
def test_what_is_no_demo_is_refused_with_what_there_is(words: list[str], expected: str) -> None:
    # As a program: what it makes of signals is not for the tests.
    command = [sys.executable, "-m", "harness.demo", *words]
    done = subprocess.run(
        command, cwd=places.VM_TESTS, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 2
    assert expected in done.stderr


def listed(*members: dict[str, Any]) -> dict[str, object]:
    return {"header": {"cluster_id": 0x6E64}, "members": list(members)}


def test_etcd_and_the_marker_agree() -> None:
    said = demo_etcd.agreement("node04", listed(NODE01, NODE04), MARKER)
    assert said == "etcd and the marker agree: node04 is a voter of cluster 6e64, one of 2."


@pytest.mark.parametrize(
    ("members", "marker"),
    [
        ([NODE01], MARKER),
        ([NODE04, NODE04], MARKER),
        ([NODE01, {**NODE04, "isLearner": True}], MARKER),
        ([NODE01, NODE04], MARKER.replace("6e64", "6e65")),
        ([NODE01, NODE04], MARKER.replace("node04", "node03")),
    ],
)
def test_what_does_not_agree_is_found(members: list[dict[str, Any]], marker: str) -> None:
    with pytest.raises(RequestedAssertionFailed):
        demo_etcd.agreement("node04", listed(*members), marker)
