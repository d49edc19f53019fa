"""The four nodes that power cuts are tried on, and what puts them back between two runs.

node01 to node03 are the cluster, node04 comes and goes. Nothing here is what is
tested: entries are removed and disks wiped by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import blueprint, crash_once, journals, members, places, provision, rootfs
from .blueprint import RAFT_PORTS
from .lab import Lab
from .log import Log
from .machine_units import Machine
from .members import Members
from .onlooker import MARKERS, Onlooker

#: What is tried on is what is shown and tested elsewhere.
NODES = places.SCENARIOS / "fourth-node-joins" / "nodes.json"
JOINS = tuple(f"{unit}.service" for unit in crash_once.WORDS)
SERVICES = tuple(f"{service}.service" for service in blueprint.SERVICES)
#: They start what has just been stopped, so they go first.
PATHS = (*(f"{unit}.path" for unit in crash_once.WORDS), "cluster-health-check.path")
EMPTY = f"""
systemctl stop {' '.join(PATHS)}
systemctl stop {' '.join(JOINS)} cluster-health-check.service {' '.join(SERVICES)}
systemctl reset-failed
rm -rf /var/lib/chainfire* /var/lib/flaredb* {MARKERS} {crash_once.ARMED}
"""
ENABLE = f"systemctl enable --quiet {' '.join(JOINS)}"
START = f"systemctl start {' '.join(SERVICES)}"
JOIN = f"systemctl start --no-block {' '.join(JOINS)} cluster-health-check.service"
#: Everything takes seconds; this is for a busy host.
LIMIT = 90


class CutCluster:
    """The nodes of one lab, installed with agents that can be cut off."""

    described = NODES
    variant = rootfs.PLAIN
    #: Units that can be cut off, and what they run.
    units: Mapping[str, str] = crash_once.WORDS
    #: Services that have members.
    services: tuple[str, ...] = tuple(RAFT_PORTS)
    #: What puts a node back, and what begins again on it.
    empty, enable, start, join = EMPTY, ENABLE, START, JOIN

    def __init__(self, lab: Lab, log: Log) -> None:
        base = rootfs.base(log.info, self.variant)
        self.nodes = provision.nodes_of(lab, base, blueprint.read(self.described))
        for node in (self.nodes[0], self.nodes[3]):
            crash_once.install(node, self.units)
        self.lab = lab
        self.log = log
        self.machines = [Machine(node, log) for node in self.nodes]
        self.first, self.fourth = self.machines[:3], self.machines[3]
        members.plug_in(lab)
        self.members = self.asking()

    def asking(self) -> Members:
        """Connections of their own to the first three."""
        return Members(self.lab, self.nodes[:3])

    def power_on(self) -> None:
        """Three nodes with a cluster, and a fourth that is up and no member."""
        for machine in self.machines:
            machine.start()
        for machine in self.first:
            self.settled(machine)
        self.settled(self.fourth)

    def settled(self, machine: Machine) -> None:
        """Wait until a node says of itself that all is done."""
        machine.succeed("first-boot-agent status --wait", timeout=LIMIT)

    def onlooker(self, ordered: bool) -> Onlooker:
        """Somebody with connections of their own, who looks while things happen."""
        return Onlooker(self.lab, self.nodes, self.asking(), self.services, ordered)

    def strip_fourth(self) -> None:
        """node04 as it was installed: no member, no data, no marker; its services run."""
        for service in self.services:
            self.members.remove(service, self.fourth.name)
        self.fourth.succeed(self.empty, self.enable, self.start, timeout=LIMIT)

    def strip_all(self) -> None:
        """All four nodes as they were installed, and none of their services runs."""
        for machine in self.machines:
            machine.succeed(self.empty, timeout=LIMIT)

    def recover(self) -> None:
        """From any state that a failed run has left, to a cluster of three."""
        for machine in self.machines:
            machine.crash()
            machine.start()
        self.strip_all()
        for machine in self.first:
            machine.succeed(f"{self.start} --no-block", self.join, timeout=LIMIT)
        for machine in self.first:
            self.settled(machine)

    def evidence(self, name: str) -> str:
        """Keep what all nodes wrote; returns where."""
        told = journals.accounts(self.nodes)
        return str(journals.keep(name, told, self.log.text).relative_to(places.REPOSITORY))
