"""A machine that is cut off while it joins etcd: the nodes, and what must be true afterwards.

Three voters with Debian's etcd stay as they are; node04 comes and goes. What is tried is the
agent and the real thing: no stand-in is on these nodes.
"""

from __future__ import annotations

import json
import secrets

from . import crash_once, etcd, onlooker, places, provision, rootfs
from .blueprint import ETCD
from .crash_once import Cut
from .cut_cluster import LIMIT, CutCluster
from .cut_stories import MEMBERS, Story, marked
from .etcd_members import EtcdMembers
from .lab import Lab
from .log import Log
from .machine_units import Machine

UNIT = f"cluster-join@{ETCD}"
KEY = "/power-cuts/written-before"
#: The places of a join whose learner is in sync when it is first asked for.
POINTS = 36
#: Tenths of a second: a join takes one to two on a host with other work.
MOMENTS = range(1, 15)
EMPTY = f"""
systemctl stop {UNIT}.path cluster-health-check.path
systemctl stop {UNIT}.service cluster-health-check.service {ETCD}.service
systemctl reset-failed
rm -rf /var/lib/{ETCD}/* {onlooker.MARKERS} {crash_once.ARMED}
"""


class EtcdCutCluster(CutCluster):
    """The nodes of the scenario, installed with agents that can be cut off."""

    described = places.SCENARIOS / "etcd-fourth-node" / "nodes.json"
    variant = rootfs.ETCD
    units = {UNIT: f"join {ETCD}"}
    services = (ETCD,)
    empty = EMPTY
    enable = f"systemctl enable --quiet {UNIT}.service"
    #: Its unit's condition holds from the join on; until then this does nothing.
    start = f"systemctl start {ETCD}.service"
    join = f"systemctl start --no-block {UNIT}.service cluster-health-check.service"

    def __init__(self, lab: Lab, log: Log) -> None:
        #: Address and id of every entry that was seen since node04 was no member.
        self.seen: set[tuple[str, str]] = set()
        super().__init__(lab, log)

    def asking(self) -> EtcdMembers:
        """Connections of their own to the first three."""
        return EtcdMembers(self.lab, self.nodes[:3], self.seen)

    def etcdctl(self, machine: Machine, words: str) -> str:
        """What a node's own member answers to an operator there."""
        node = machine.node.blueprint
        command = etcd.etcdctl(provision.SECRETS, node, words)
        return machine.succeed(command, timeout=LIMIT)


class JoiningEtcd(Story):
    """node04 joins as a learner and is made a voter; it is cut off on the way."""

    def __init__(self, cluster: EtcdCutCluster, points: int) -> None:
        super().__init__(f"join-{ETCD}", cluster, points)
        self._etcd = cluster

    @property
    def places(self) -> list[int | str]:
        """The agent's crash points, and moments: what is cut off then is etcd as well."""
        return [*super().places, *(f"{tenths / 10:.1f}s" for tenths in MOMENTS)]

    def prepare(self) -> None:
        """A node as it was installed, and something that the cluster knows."""
        self.cluster.strip_fourth()
        self._etcd.seen.clear()
        self._value = secrets.token_hex(16)
        self._etcd.etcdctl(self.cluster.first[1], f"put {KEY} {self._value}")

    def begin(self, cut: Cut) -> None:
        """As at boot: the units of the agent in one transaction."""
        crash_once.arm(self.machine, UNIT, cut)
        self.machine.succeed(self.cluster.join, timeout=LIMIT)

    def over(self) -> bool:
        """The marker is there."""
        return marked(self.cluster, self.machine, ETCD)

    def take_up(self) -> None:
        """Nobody is there."""

    def judge(self) -> None:
        """One entry, a voter, under one id from the first look on; its marker and its data."""
        self.cluster.settled(self.machine)
        self.all_lists([*MEMBERS, "node04"])
        assert self.over(), "status says done, and the marker is missing"
        self.nothing_half_written()
        address = f"{self.machine.node.blueprint.address}:2380"
        ids = {key for at, key in self._etcd.seen if at == address}
        assert len(ids) == 1, f"node04 was added {len(ids)} times, under the ids {ids}"
        member_id = int(ids.pop())
        for machine in self.cluster.machines:
            self._as_etcdctl_lists_it(machine, member_id)
        # From its own data, asking nobody.
        read = self._etcd.etcdctl(self.machine, f"get --print-value-only --consistency=s {KEY}")
        assert read.strip() == self._value, f"node04 reads {read!r}, not {self._value}"

    def _as_etcdctl_lists_it(self, machine: Machine, member_id: int) -> None:
        """The list of one member, beside the marker of node04."""
        listed = json.loads(self._etcd.etcdctl(machine, "member list --write-out=json"))
        names = sorted(member.get("name", "") for member in listed["members"])
        assert names == [*MEMBERS, "node04"], f"{machine.name} lists {names}"
        [own] = [member for member in listed["members"] if member["name"] == "node04"]
        assert own["ID"] == member_id and not own.get("isLearner"), f"{machine.name} lists {own}"
        [text] = onlooker.markers(self.cluster.lab, self.machine.node, ETCD).values()
        lines = text.splitlines()
        expected = {"node_id=node04", f"cluster_id={listed['header']['cluster_id']:x}"}
        assert expected <= set(lines), f"the marker {lines} does not have {expected}"


def stories(cluster: EtcdCutCluster) -> dict[str, Story]:
    """The one there is, by name."""
    story = JoiningEtcd(cluster, POINTS)
    return {story.name: story}
