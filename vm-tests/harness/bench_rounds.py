"""One join of the benchmark: the node is wiped, the joiner started, the marker awaited.

Everything is timed on the kernel's monotonic clock, which host and nodes share. Must
not ask the node or the leader anything between the start and the marker.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from . import waiting
from .bench_leader import Leader
from .bench_watch import Watch
from .machine_units import Machine

AGENT, SEED = "agent", "seed"
UNITS = {AGENT: "chainfire-cluster-join.service", SEED: "seed-join.service"}
SERVICE = "chainfire.service"
MARKERS = "/var/lib/first-boot-automation"
MARKER = ".chainfire-joined"
COST = "/run/bench/cost"
#: The baseline script waits 120 s for the health of its service.
LIMIT = 150.0
WIPE = f"""
systemctl stop {' '.join(UNITS.values())} {SERVICE} 2>/dev/null || true
systemctl reset-failed {' '.join(UNITS.values())} {SERVICE} 2>/dev/null || true
rm -rf /var/lib/chainfire/* {MARKERS} {COST}
mkdir -p {MARKERS} /run/bench
"""
ENDED = re.compile(r"^ended exit=(\d+) wall_ns=(\d+) cpu_us=(\d+) max_rss_kib=(\d+)$", re.M)
BEGAN = re.compile(r"^began (\d+)$", re.M)


@dataclass(frozen=True)
class Cost:
    """What `measure.pl` printed of one run."""

    exit_code: int
    wall_ms: float
    cpu_ms: float
    max_rss_mib: float


@dataclass(frozen=True)
class Join:
    """One join, in milliseconds."""

    phase_s: float
    to_first_request: float
    to_add: float
    to_marker: float
    #: What the leader's list said of the node right after its marker appeared.
    role_at_marker: str | None
    requests: list[str]
    cost: Cost | None


def costs(text: str) -> list[Cost]:
    """All runs in what `measure.pl` printed, among the lines of the program itself."""
    return [
        Cost(int(code), int(wall) / 1e6, int(cpu) / 1e3, int(rss) / 1024)
        for code, wall, cpu, rss in ENDED.findall(text)
    ]


class JoiningNode:
    """node04, which joins again and again."""

    def __init__(self, machine: Machine, leader: Leader) -> None:
        self.machine = machine
        self.leader = leader

    def _path(self, inside: str) -> Path:
        return Path(f"/proc/{self.machine.connect()}/root{inside}")

    def wipe(self) -> None:
        """Stop its service, forget all it stored, and remove it from the cluster."""
        code, said = self.machine.execute(WIPE)
        if code != 0:
            raise RuntimeError(f"{self.machine.name} cannot be wiped: {said}")
        self.leader.remove()

    def active_since_ns(self) -> int:
        """When systemd saw the service become active."""
        stamp = self.machine.get_unit_property(SERVICE, "ActiveEnterTimestampMonotonic")
        return int(stamp) * 1000

    def _begin(self, *units: str) -> None:
        code, said = self.machine.execute(f"systemctl start --no-block {' '.join(units)}")
        if code != 0:
            raise RuntimeError(f"{units} cannot be started: {said}")

    def _cost_text(self) -> str:
        path = self._path(COST)
        return path.read_text() if path.exists() else ""

    def join_waiting(self, side: str, phase_s: float) -> Join:
        """The joiner runs first and waits; the service is started `phase_s` later."""
        self.wipe()
        with Watch(self._path(MARKERS)) as watch:
            self._begin(UNITS[side])
            began = waiting.until(
                lambda: BEGAN.search(self._cost_text()), 10, f"{UNITS[side]} runs"
            )
            began_s = int(began[1]) / 1e9
            if watch.wait(MARKER, began_s + phase_s - time.monotonic()) is not None:
                raise RuntimeError(f"{UNITS[side]} wrote its marker before {SERVICE} ran")
            self._begin(SERVICE)
            marked = watch.wait(MARKER, LIMIT)
        role = self.leader.role()
        cost = waiting.until(lambda: costs(self._cost_text()), 10, f"{UNITS[side]} ends")[0]
        return self._judge(side, phase_s, int(began[1]), marked, role, cost)

    def join_ordered(self, side: str) -> Join:
        """Both units in one transaction, as at boot: systemd starts the joiner afterwards."""
        self.wipe()
        began = time.monotonic_ns()
        with Watch(self._path(MARKERS)) as watch:
            self._begin(SERVICE, UNITS[side])
            marked = watch.wait(MARKER, LIMIT)
        role = self.leader.role()
        self.machine.wait_for_unit(UNITS[side], timeout=10)
        return self._judge(side, 0.0, began, marked, role, None)

    def _judge(
        self,
        side: str,
        phase_s: float,
        began_ns: int,
        marked_ns: int | None,
        role: str | None,
        cost: Cost | None,
    ) -> Join:
        if marked_ns is None or (cost and cost.exit_code != 0):
            _, said = self.machine.execute(f"journalctl --no-pager -n 30 -u {UNITS[side]}")
            raise RuntimeError(f"{UNITS[side]} did not join:\n{said}\n{self._cost_text()}")
        active = self.active_since_ns()
        received = [one for one in self.leader.requests_since(began_ns) if one.at_ns <= marked_ns]
        add = next(one for one in received if one.method == "POST")
        self.leader.wait_until_voter()
        return Join(
            phase_s=phase_s,
            to_first_request=(received[0].at_ns - active) / 1e6,
            to_add=(add.at_ns - active) / 1e6,
            to_marker=(marked_ns - active) / 1e6,
            role_at_marker=role,
            requests=[
                f"{(one.at_ns - active) / 1e6:.2f} {one.method} {one.path}" for one in received
            ],
            cost=cost,
        )
