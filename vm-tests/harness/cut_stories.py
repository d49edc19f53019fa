"""What is cut off in the middle, and what must be true once it was taken up again.

Each story happens on a `CutCluster`: made ready, begun with a cut, taken up again,
judged. A story that does not hold raises an AssertionError.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

from . import crash_once
from .blueprint import RAFT_PORTS
from .crash_once import Cut
from .cut_cluster import JOIN, LIMIT, SERVICES, CutCluster
from .machine_units import Machine
from .members import ADD
from .onlooker import MARKERS, markers

REMOVE = ("DELETE", "/admin/member/node04")
PASSWORD = f"{MARKERS}/iam-admin-password"
MEMBERS = ["node01", "node02", "node03"]


class Story(ABC):
    """One operation of the agent."""

    #: Whether a marker must be backed by a voter at every instant of it.
    ordered = True

    def __init__(self, name: str, cluster: CutCluster, points: int) -> None:
        self.name = name
        self.cluster = cluster
        #: So many places its run has; those of the waits vary with the host.
        self.points = points

    @property
    def places(self) -> list[int | str]:
        """All places where it can be cut off."""
        return list(range(1, self.points + 1))

    @property
    def machine(self) -> Machine:
        """The node that is cut off."""
        return self.cluster.fourth

    @abstractmethod
    def prepare(self) -> None:
        """Bring all nodes to where it begins."""

    @abstractmethod
    def begin(self, cut: Cut) -> None:
        """Start what is to be cut off; returns at once."""

    @abstractmethod
    def over(self) -> bool:
        """Whether it came to its end without being cut."""

    @abstractmethod
    def take_up(self) -> None:
        """What an operator does afterwards; nothing where the node recovers by itself."""

    @abstractmethod
    def judge(self) -> None:
        """What must be true in the end."""

    def all_lists(self, expected: list[str]) -> None:
        """Every cluster: everybody lists exactly these, each once, all as voters."""
        for service in self.cluster.services:
            self.cluster.members.wait_for_voters(service, expected)

    def nothing_half_written(self) -> None:
        """No half-written file is left."""
        left = self.machine.succeed(f"find {MARKERS} -name '*.new'", timeout=20)
        assert left == "", f"{self.machine.name}: half-written files stayed: {left}"


def marked(cluster: CutCluster, machine: Machine, service: str) -> bool:
    """Whether a node has a marker of a service, seen from outside."""
    return bool(markers(cluster.lab, machine.node, service))


class Counting:
    """How often the leaders were asked for something since the counting began."""

    def __init__(self, cluster: CutCluster, asked: tuple[str, str]) -> None:
        self._cluster = cluster
        self._asked = asked
        self._began = {service: self._now(service) for service in RAFT_PORTS}

    def _now(self, service: str) -> tuple[str | None, int | None]:
        leader = self._cluster.members.leader(service)
        counted = self._cluster.members.asked(leader, service, *self._asked) if leader else None
        return leader, counted

    def since(self, service: str) -> int | None:
        """So often; None where the leader is not the one it was."""
        (then, before), (now, after) = self._began[service], self._now(service)
        return after - before if then == now and None not in (before, after) else None


class Joining(Story):
    """node04 joins chainfire and flaredb; one of the two is cut off."""

    def __init__(self, service: str, cluster: CutCluster, points: int) -> None:
        super().__init__(f"join-{service}", cluster, points)
        self._unit = f"{service}-cluster-join"

    def prepare(self) -> None:
        """A node as it was installed."""
        self.cluster.strip_fourth()
        self._adds = Counting(self.cluster, ADD)

    def begin(self, cut: Cut) -> None:
        """As at boot: all units of the agent in one transaction."""
        crash_once.arm(self.machine, self._unit, cut)
        self.machine.succeed(JOIN, timeout=LIMIT)

    def over(self) -> bool:
        """Both markers are there."""
        return all(marked(self.cluster, self.machine, service) for service in RAFT_PORTS)

    def take_up(self) -> None:
        """Nobody is there."""

    def judge(self) -> None:
        """A voter of both, with one add each; its own status says that all is done."""
        self.cluster.settled(self.machine)
        self.all_lists([*MEMBERS, "node04"])
        assert self.over(), "status says done, and a marker is missing"
        self.nothing_half_written()
        for service in RAFT_PORTS:
            adds = self._adds.since(service)
            assert adds in (1, None), f"{service} was asked to add node04 {adds} times"


class Bootstrapping(Story):
    """Three nodes form their cluster; one step of node01 is cut off."""

    def __init__(self, unit: str, cluster: CutCluster, points: int) -> None:
        super().__init__(f"bootstrap-{unit.partition('-')[0]}", cluster, points)
        self._unit = unit

    @property
    def machine(self) -> Machine:
        """The one that sets up IAM too."""
        return self.cluster.first[0]

    def prepare(self) -> None:
        """Nothing is anywhere."""
        self.cluster.strip_all()
        for machine in self.cluster.first:
            machine.succeed(f"systemctl start --no-block {' '.join(SERVICES)}", timeout=LIMIT)

    def begin(self, cut: Cut) -> None:
        """All three at once."""
        crash_once.arm(self.machine, self._unit, cut)
        for machine in self.cluster.first:
            machine.succeed(JOIN, timeout=LIMIT)

    def over(self) -> bool:
        """node01 has all three markers."""
        steps = (*RAFT_PORTS, "iam")
        return all(marked(self.cluster, self.machine, step) for step in steps)

    def take_up(self) -> None:
        """Nobody is there; a password that is on disk must stay what it is."""
        _, self._password = self.machine.execute(f"cat {PASSWORD} || true", timeout=LIMIT)

    def judge(self) -> None:
        """One cluster of three, added by nobody, and one password, which IAM has taken."""
        for machine in self.cluster.first:
            self.cluster.settled(machine)
        self.all_lists(MEMBERS)
        self.nothing_half_written()
        for service in RAFT_PORTS:
            for name in MEMBERS:
                adds = self.cluster.members.asked(name, service, *ADD)
                assert adds == 0, f"{name}'s {service} was asked to add {adds} times at a bootstrap"
        password = self.machine.succeed(f"cat {PASSWORD}", timeout=20)
        assert self._password in ("", password), "the password on disk was replaced"
        known = [self.cluster.members.ask(n, "flaredb", "/v1/kv/iam/setup")[1] for n in MEMBERS]
        kept = next((one for one in known if one and "salt" in one), None)
        assert kept, f"no setup of IAM in flaredb: {known}"
        digest = hashlib.sha256((kept["salt"] + password.strip()).encode()).hexdigest()
        assert digest == kept["password_sha256"], "the password on disk is not the one IAM has"


class Command(Story):
    """A command of an operator on a node04 that is a member."""

    ordered = False

    def __init__(self, words: str, cluster: CutCluster, points: int) -> None:
        super().__init__(words.replace(" ", "-"), cluster, points)
        self.words = words

    def prepare(self) -> None:
        """A settled member, which is not to join again by itself (how-to/reset.md)."""
        self.cluster.strip_fourth()
        self.machine.succeed(JOIN, timeout=LIMIT)
        self.cluster.settled(self.machine)
        # IAM's too: its path unit would wake it in the middle, when flaredb's marker goes.
        units = "chainfire-cluster-join.service iam-initial-setup.service"
        self.machine.succeed(f"systemctl disable --quiet {units}", timeout=20)

    def begin(self, cut: Cut) -> None:
        """The command, in a unit of its own."""
        self._running = crash_once.command(self.machine, self.words, cut)

    def over(self) -> bool:
        """The unit has ended."""
        state = self.machine.get_unit_property(self._running, "ActiveState")
        return state in ("inactive", "failed")

    def take_up(self) -> None:
        """The same command again."""
        self.machine.wait_until_succeeds(f"first-boot-agent {self.words}", timeout=LIMIT)


class Leaving(Command):
    """`leave`, from both clusters."""

    def prepare(self) -> None:
        """Count what the leaders are asked."""
        super().prepare()
        self._removals = Counting(self.cluster, REMOVE)

    def judge(self) -> None:
        """No entry, no marker, no entry removed twice; and once more changes nothing."""
        self.machine.succeed(f"first-boot-agent {self.words}", timeout=LIMIT)
        self.all_lists(MEMBERS)
        for service in RAFT_PORTS:
            assert not marked(self.cluster, self.machine, service), f"a marker of {service} stayed"
            removals = self._removals.since(service)
            assert removals in (1, None), f"{service} was asked {removals} times to remove node04"


class Resetting(Command):
    """`reset` of one service; the data must be whole afterwards, in the backup."""

    def __init__(self, service: str, cluster: CutCluster, points: int) -> None:
        super().__init__(f"reset {service}", cluster, points)
        self._service = service
        self._data = f"/var/lib/{service}"

    def prepare(self) -> None:
        """Data that is known: the service's own, and files beside it."""
        super().prepare()
        script = f"mkdir -p {self._data}/kept/deep; seq 100000 > {self._data}/kept/deep/numbers"
        self.machine.succeed(script, timeout=20)
        self._names = self._listed(self._data)
        self._sum = self.machine.succeed(f"sha256sum < {self._data}/kept/deep/numbers", timeout=20)

    def _listed(self, folder: str) -> list[str]:
        return self.machine.succeed(f"cd {folder} && find . | sort", timeout=20).splitlines()

    def judge(self) -> None:
        """Out of one cluster and not the other, all data in one backup; then it joins again."""
        other = next(service for service in RAFT_PORTS if service != self._service)
        self.cluster.members.wait_for_voters(self._service, MEMBERS)
        self.cluster.members.wait_for_voters(other, [*MEMBERS, "node04"])
        assert not marked(self.cluster, self.machine, self._service), "its marker stayed"
        kept = self.machine.succeed(f"find {self._data}* -name kept", timeout=20).splitlines()
        assert len(kept) == 1 and ".backup-" in kept[0], f"the data is not in one backup: {kept}"
        backup = kept[0].removesuffix("/kept")
        missing = set(self._names) - set(self._listed(backup))
        assert not missing, f"{backup} lacks {missing}"
        whole = self.machine.succeed(f"sha256sum < {backup}/kept/deep/numbers", timeout=20)
        assert whole == self._sum, f"a file in {backup} is not what it was"
        look = f"find {self._data} -mindepth 1 2>/dev/null || true"
        left = self.machine.succeed(look, timeout=20)
        assert left == "", f"data stayed: {left}"
        # As the last line of `reset` says: the join's unit is active still.
        again = f"systemctl restart {self._service}-cluster-join.service"
        self.machine.succeed(f"systemctl start {self._service}.service && {again}", timeout=LIMIT)
        self.cluster.settled(self.machine)
        self.all_lists([*MEMBERS, "node04"])


def stories(cluster: CutCluster) -> dict[str, Story]:
    """All of them, by name."""
    told: list[Story] = [
        Joining("chainfire", cluster, 14),
        Joining("flaredb", cluster, 14),
        Bootstrapping("chainfire-cluster-join", cluster, 12),
        Bootstrapping("flaredb-cluster-join", cluster, 12),
        Bootstrapping("iam-initial-setup", cluster, 13),
        Leaving("leave", cluster, 36),
        Resetting("chainfire", cluster, 19),
    ]
    return {story.name: story for story in told}
