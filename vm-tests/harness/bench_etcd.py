"""`make bench ONLY=etcd`: how node04 becomes a voter of a real etcd, by the agent and by a script.

Three voters with Debian's etcd stay; node04 joins them again and again, by turns with the one
and the other, and once each round by hand, without any joiner's pauses. Must not ask node04
anything while it joins.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import bench_alone, blueprint, cut_etcd, etcd, etcd_members, members, places, product
from . import provision, rootfs
from .bench_etcd_report import EtcdJoin, EtcdResults
from .bench_rounds import AGENT, MARKERS, SEED
from .bench_watch import Watch
from .blueprint import ETCD
from .cut_etcd import EtcdCutCluster
from .etcd_members import EtcdMembers
from .lab import Lab
from .log import Log
from .machine_units import Machine

BENCH = places.VM_TESTS / "bench"
KEPT = places.CACHE / "bench"
ROUNDS = 7
SCRIPT = "etcd-join"
UNITS = {AGENT: f"{cut_etcd.UNIT}.service", SEED: f"{SCRIPT}.service"}
MARKER = f".{ETCD}-joined"
#: The script gives each of its steps five minutes.
LIMIT = 300.0
WIPE = f"""
systemctl stop {SCRIPT}.service
{cut_etcd.EMPTY}
mkdir -p {MARKERS}
"""


class EtcdJoiningNode:
    """node04, and the three that it joins."""

    def __init__(self, machine: Machine, asked: EtcdMembers) -> None:
        self.machine = machine
        self._members = asked

    def wipe(self) -> None:
        """Stop its etcd, forget all that it stored, and remove it from the cluster."""
        code, said = self.machine.execute(WIPE)
        if code != 0:
            raise RuntimeError(f"{self.machine.name} cannot be wiped: {said}")
        self._members.remove(ETCD, self.machine.name)

    def _active_ns(self) -> int:
        """When etcd reported to systemd that it serves."""
        stamp = self.machine.get_unit_property(f"{ETCD}.service", "ActiveEnterTimestampMonotonic")
        return int(stamp) * 1000

    def _begin(self, unit: str) -> int:
        began = time.monotonic_ns()
        code, said = self.machine.execute(f"systemctl start --no-block {unit}")
        if code != 0:
            raise RuntimeError(f"{unit} cannot be started: {said}")
        return began

    def join(self, side: str) -> EtcdJoin:
        """One join, up to its marker."""
        self.wipe()
        with Watch(Path(f"/proc/{self.machine.connect()}/root{MARKERS}")) as watch:
            began = self._begin(UNITS[side])
            marked = watch.wait(MARKER, LIMIT)
        if marked is None:
            _, said = self.machine.execute(f"journalctl --no-pager -n 40 -u {UNITS[side]}")
            raise RuntimeError(f"{UNITS[side]} did not join:\n{said}")
        return self._judged(began, marked)

    def alone(self) -> EtcdJoin:
        """The same by hand: each change is asked for again until etcd takes it."""
        self.wipe()
        name, address = self.machine.name, self.machine.node.blueprint.address
        peer, client = f"https://{address}:2380", f"https://{address}:{etcd.API_PORT}"
        began = time.monotonic_ns()
        added = self._until_taken(etcd_members.ADD, {"peerURLs": [peer], "isLearner": True})
        listed = [(one.get("name", name), one["peerURLs"][0]) for one in added["members"]]
        values = {
            "NAME": name,
            "DATA_DIR": f"/var/lib/{ETCD}",
            "INITIAL_CLUSTER": ",".join(f"{one}={url}" for one, url in listed),
            "INITIAL_CLUSTER_STATE": "existing",
            "INITIAL_ADVERTISE_PEER_URLS": peer,
            "LISTEN_PEER_URLS": peer,
            "LISTEN_CLIENT_URLS": client,
            "ADVERTISE_CLIENT_URLS": client,
        }
        text = "".join(f"ETCD_{key}={value}\n" for key, value in values.items())
        self.machine.succeed(f"cat >{etcd.ENVIRONMENT} <<'E'\n{text}E\n")
        self._begin(f"{ETCD}.service")
        self._until_taken(etcd_members.PROMOTE, {"ID": added["member"]["ID"]})
        return self._judged(began, time.monotonic_ns())

    def _until_taken(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask without a pause."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            status, answer = self._members.call("node01", path, body)
            if status == 200:
                return answer
        raise RuntimeError(f"etcd does not take {path}: {answer}")

    def _judged(self, began_ns: int, ended_ns: int) -> EtcdJoin:
        """The times; and whether the list had it as a voter by then."""
        listed = [listed for listed in self._members.lists(ETCD).values() if listed["leader"]]
        voters = [self.machine.name in members.voters(one) for one in listed]
        active = self._active_ns()
        return EtcdJoin((ended_ns - active) / 1e6, (ended_ns - began_ns) / 1e6, any(voters))


def run(described_host: str, say: Callable[[str], None]) -> EtcdResults:
    """Build, boot, measure; no node is left when this returns."""
    say("building the agent (release, static) and the stand-in services (for certificates)")
    product.agent(quiet=False)
    product.standin(quiet=False)
    base = rootfs.base(say, rootfs.ETCD)
    results = EtcdResults(described_host, {AGENT: [], SEED: []}, [])
    with Lab() as lab:
        described = blueprint.read(EtcdCutCluster.described)
        nodes = provision.nodes_of(lab, base, described)
        fourth = nodes[3]
        script, unit = f"{SCRIPT}.sh", f"{SCRIPT}.service"
        fourth.write(f"{bench_alone.TESTS}/{script}", (BENCH / script).read_bytes(), 0o755)
        fourth.write(f"{product.SYSTEM_UNITS}/{unit}", (BENCH / unit).read_bytes())
        machines = [Machine(node, Log()) for node in nodes]
        for machine in machines:
            machine.start()
        for machine in machines:
            machine.succeed("first-boot-agent status --wait", timeout=LIMIT)
        say("three voters stand, and node04 joins again and again")
        members.plug_in(lab)
        node = EtcdJoiningNode(machines[3], EtcdMembers(lab, nodes[:3], set()))
        for number in range(ROUNDS):
            results.alone.append(node.alone())
            for side, joins in results.joins.items():
                joins.append(node.join(side))
            ours, theirs = (made[-1].to_marker for made in results.joins.values())
            told = f"agent {ours:,.0f} ms, script {theirs:,.0f} ms"
            say(f"round {number + 1} of {ROUNDS}, healthy → marker: {told}")
    return results


def kept(described_host: str, say: Callable[[str], None]) -> EtcdResults:
    """The same, with every single number kept."""
    KEPT.mkdir(parents=True, exist_ok=True)
    results = run(described_host, say)
    text = json.dumps(dataclasses.asdict(results), indent=2) + "\n"
    (KEPT / "etcd.json").write_text(text)
    return results
