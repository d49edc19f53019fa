"""The demo with Debian's etcd: `make demo SERVICES=etcd`, on the nodes of `etcd-fourth-node`.

Writes one key before the fourth node joins; asks otherwise, as an operator would.
"""

from __future__ import annotations

import json

from . import demo_nodes, etcd, provision, rootfs
from .machine import RequestedAssertionFailed
from .machine_units import Machine
from .screen import Screen

KEY, VALUE = "/demo/greeting", "written-before-node04-was-there"
MARKER = "/var/lib/first-boot-automation/.etcd-joined"


def ask(machine: Machine, words: str) -> str:
    """What etcdctl prints, asked of the node's own etcd."""
    return machine.succeed(etcd.etcdctl(provision.SECRETS, machine.node.blueprint, words))


def show(screen: Screen, machine: Machine, words: str) -> str:
    """The same, on the screen; where keys and endpoint are left out."""
    screen.title(f"{machine.name} # etcdctl {words}")
    told = ask(machine, words)
    screen.plain(told)
    return told


def write(screen: Screen, first: list[Machine]) -> None:
    """What the fourth is to find."""
    show(screen, first[1], f"put {KEY} {VALUE}")


def show_outcome(screen: Screen, machine: Machine) -> None:
    """What was written before, the members, and that the marker says the same."""
    demo_nodes.show_status(screen, machine)
    # From its own data, asking nobody.
    told = show(screen, machine, f"get --consistency=s {KEY}")
    if VALUE not in told:
        raise RequestedAssertionFailed(f"{machine.name} does not have what was written: {told}")
    show(screen, machine, "member list")
    screen.title(f"{machine.name} # cat {MARKER}")
    marker = machine.succeed(f"cat {MARKER}")
    screen.plain(marker)
    screen.plain(agreement(machine.name, json.loads(ask(machine, "member list -w json")), marker))


def agreement(name: str, listed: dict[str, object], marker: str) -> str:
    """A line that says that etcd's list and the marker say the same; raises where they do not."""
    header, members = listed["header"], listed["members"]
    assert isinstance(header, dict) and isinstance(members, list)
    cluster = f"{header['cluster_id']:x}"
    own = [member for member in members if member.get("name") == name]
    if len(own) != 1 or own[0].get("isLearner"):
        raise RequestedAssertionFailed(f"etcd does not list {name} once, as a voter: {listed}")
    for line in (f"node_id={name}", f"cluster_id={cluster}"):
        if line not in marker.splitlines():
            raise RequestedAssertionFailed(f"{MARKER} has no line {line}:\n{marker}")
    which = f"{name} is a voter of cluster {cluster}, one of {len(members)}"
    return f"etcd and the marker agree: {which}."


STORY = demo_nodes.Story("etcd-fourth-node", rootfs.ETCD, write, show_outcome)
