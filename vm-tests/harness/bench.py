"""`make bench`: the agent and the baseline script through the same join, on the same nodes.

Three members stand; a fourth node joins them again and again, by turns with the one
joiner and the other, and the table says what each took. Changes nothing in the tree
but `target/vm-tests/bench`, where every single number is kept. `storm` as an argument
runs the storm alone, which needs neither root nor nodes; `initrd` what the initrd's stage
costs, on QEMU machines; `start` what the start of the joiner costs; `topology` what
thousands of nodes cost in one topology; `etcd` a join of a real etcd; `etcd-at-once` ten of
them at once, which needs etcd and no nodes.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import bench_alone, bench_cargo, bench_etcd, bench_etcd_report, bench_initrd
from . import bench_initrd_report, bench_report, bench_start, bench_topology, blueprint
from . import host, places, product, provision, rootfs
from .bench_leader import Leader
from .bench_report import Results
from .bench_rounds import AGENT, SEED, UNITS, JoiningNode
from .demo import leave
from .lab import Lab, LabError
from .log import Log
from .machine import RequestedAssertionFailed
from .machine_units import Machine
from .nix import EvaluationFailed
from .node import Node

BENCH = places.VM_TESTS / "bench"
KEPT = places.CACHE / "bench"
ROUNDS, ORDERED_ROUNDS, STARTS = 20, 10, 50
#: The baseline script polls every 5 s: the service becomes healthy at evenly spread moments
#: of that period.
PERIOD = 5.0
RUNTIME_UNITS = "/run/systemd/system"


def say(text: str) -> None:
    """Progress, one line."""
    print(f"  {text}", file=sys.stderr, flush=True)


def described_host() -> str:
    """What the figures belong to."""
    cpu = Path("/proc/cpuinfo").read_text()
    model = next((line for line in cpu.splitlines() if line.startswith("model name")), "")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    name = model.partition(":")[2].strip() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, Linux {platform.release()}, load before: {load}"


def install(lab: Lab, nodes: list[Node]) -> None:
    """The baseline script and the instrument, on every node's disk."""
    for node in nodes:
        for name in ("seed-join.sh", "measure.pl"):
            node.write(f"{bench_alone.TESTS}/{name}", (BENCH / name).read_bytes(), 0o755)
        unit = (BENCH / "seed-join.service").read_bytes()
        node.write(f"{product.SYSTEM_UNITS}/seed-join.service", unit)


def measured(node: JoiningNode, on: bool) -> None:
    """Have both units run under the instrument, or as they are."""
    text = (BENCH / "measured.conf").read_text()
    for side, unit in UNITS.items():
        folder = f"{RUNTIME_UNITS}/{unit}.d"
        if on:
            filled = text.replace("@COMMAND@", bench_alone.COMMANDS[side])
            node.machine.succeed(f"mkdir -p {folder}; cat >{folder}/bench.conf <<'E'\n{filled}E\n")
        else:
            node.machine.succeed(f"rm -r {folder}")
    node.machine.succeed("systemctl daemon-reload")


def measure(node: JoiningNode, results: Results) -> None:
    """All measurements, one after the other."""
    results.waiting = {AGENT: [], SEED: []}
    results.ordered = {AGENT: [], SEED: []}
    measured(node, on=True)
    for number in range(ROUNDS):
        phase = number * PERIOD / ROUNDS
        # By turns: the leader's log grows, and with it the time a new node takes to catch up.
        results.own.append(bench_alone.own_time(node))
        for side, joins in results.waiting.items():
            joins.append(node.join_waiting(side, phase))
        told = ", ".join(f"{s} {js[-1].to_marker:,.1f} ms" for s, js in results.waiting.items())
        alone = f"the leader alone {results.own[-1].voter:.1f} ms"
        say(f"round {number + 1} of {ROUNDS}, service {phase:.2f} s after joiner: {told}, {alone}")
    say(f"a start that finds all done: {STARTS} times each")
    results.floor = bench_alone.repeat(node, STARTS, "/bin/true")
    for side in UNITS:
        results.done[side] = bench_alone.repeat(node, STARTS, bench_alone.COMMANDS[side])
    measured(node, on=False)
    say(f"both units at once: {ORDERED_ROUNDS} joins each")
    for _ in range(ORDERED_ROUNDS):
        for side, joins in results.ordered.items():
            joins.append(node.join_ordered(side))
    say("processes: one join each under strace")
    for side in UNITS:
        results.started[side] = bench_alone.started(node, side, KEPT)


@contextmanager
def joining() -> Iterator[JoiningNode]:
    """The node that joins three others, built and booted; no node is left afterwards."""
    say("building the agent (release, static) and the stand-in services")
    product.agent(quiet=False)
    product.standin(quiet=False)
    base = rootfs.base(say)
    with Lab() as lab:
        nodes = provision.nodes_of(lab, base, blueprint.read(BENCH / "nodes.json"))
        install(lab, nodes)
        machines = [Machine(node, Log()) for node in nodes]
        for machine in machines:
            machine.start()
        for machine in machines:
            machine.wait_for_unit("multi-user.target", timeout=60)
        leader = Leader(machines[0], lab.path(provision.CERTIFICATES / "ca.crt"))
        say(f"{len(nodes)} nodes are up, {leader.name} leads")
        yield JoiningNode(machines[3], leader)


def run() -> Results:
    """Measure all that needs the nodes."""
    KEPT.mkdir(parents=True, exist_ok=True)
    results = Results(described_host(), 0.0)
    with joining() as node:
        results.raw_bytes, results.packed_bytes = bench_alone.sizes(product.agent())
        results.clock_error_ms = node.leader.clock_error_ns / 1e6
        measure(node, results)
    return results


def main() -> int:
    """Run it; the exit code says whether there are figures, not whether aims are met."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    parts = {
        "storm": lambda: by_cargo("storm"),
        "initrd": initrd,
        "start": start,
        "topology": topology,
        "etcd": etcd,
        "etcd-at-once": lambda: by_cargo("etcd_at_once"),
    }
    match sys.argv[1:]:
        case []:
            return whole()
        case [part] if part in parts:
            return parts[part]()
    unknown = f"unknown part of the benchmark: {' '.join(sys.argv[1:])}"
    print(f"{unknown}; ONLY= is one of {', '.join(parts)}", file=sys.stderr)
    return 2


def by_cargo(bench: str) -> int:
    """A part that cargo runs, alone."""
    try:
        print(f"{described_host()}\n\n{bench_cargo.table(bench)}", end="")
    except RuntimeError as error:
        print(f"{bench} failed: {error}", file=sys.stderr)
        return 1
    return 0


def etcd() -> int:
    """The joins of a real etcd alone."""
    if reason := host.obstacle():
        print(f"no nodes here, so nothing to measure: {reason}", file=sys.stderr)
        return 1
    try:
        results = bench_etcd.kept(described_host(), say)
    except (AssertionError, LabError, RuntimeError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    print(bench_etcd_report.table(results))
    return 0


def start() -> int:
    """The start of the joiner alone."""
    if reason := host.obstacle():
        print(f"no nodes here, so nothing to measure: {reason}", file=sys.stderr)
        return 1
    described = described_host()
    try:
        with joining() as node:
            joins = [node.join_ordered(AGENT) for _ in range(bench_start.JOINS)]
            took = bench_start.measure(node.machine, say)
    except (AssertionError, LabError, RequestedAssertionFailed, RuntimeError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    print(bench_start.table(described, joins, took))
    return 0


def topology() -> int:
    """The topology's command and functions alone."""
    try:
        print(f"{described_host()}\n\n{bench_topology.table()}", end="")
    except (EvaluationFailed, RuntimeError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    return 0


def initrd() -> int:
    """The stage in the initrd alone."""
    if reason := host.obstacle() or host.obstacle_to_machines():
        print(f"no machines here, so nothing to measure: {reason}", file=sys.stderr)
        return 1
    try:
        results = bench_initrd.kept(described_host(), say)
    except (AssertionError, LabError, RuntimeError, ValueError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    print(bench_initrd_report.table(results))
    return 0


def whole() -> int:
    """All but the topology; the initrd's part where machines can be emulated."""
    if reason := host.obstacle():
        print(f"no nodes here, so nothing to measure: {reason}", file=sys.stderr)
        return 1
    began = time.monotonic()
    try:
        results = run()
        say("the storm: 10, 100 and 1,000 nodes at once, simulated")
        simulated = bench_cargo.table("storm")
    except (AssertionError, LabError, RequestedAssertionFailed, RuntimeError) as error:
        print(f"the benchmark failed: {error}", file=sys.stderr)
        return 1
    numbers = KEPT / "results.json"
    numbers.write_text(json.dumps(dataclasses.asdict(results), indent=2) + "\n")
    print(f"{bench_report.table(results)}\n\n{simulated}\n", flush=True)
    failed = initrd() | etcd() | by_cargo("etcd_at_once")
    print(f"Every single number: {KEPT.relative_to(places.REPOSITORY)}", end="")
    print(f" ({time.monotonic() - began:.0f} s in all)")
    return failed


if __name__ == "__main__":
    sys.exit(main())
