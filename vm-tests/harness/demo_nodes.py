"""The demo on real systemd nodes.

The nodes are those of a scenario, such as `fourth-node-joins`: what is shown is what
is tested. Must not do anything to the nodes but switch them on and ask them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from . import blueprint, follow, places, product, provision, rootfs
from .lab import Lab
from .log import Log
from .machine_units import Machine
from .screen import Screen

#: From power on to a verdict takes seconds; this is for slow hosts.
PATIENCE = 180
#: The followed journal is milliseconds behind; where it broke off, the tables show the same.
PATIENCE_OF_SCREEN = 5
#: The member list as a table.
TABLE = r"""
def pad(n): . + (" " * ([n - length, 1] | max));
.leader as $leader
| .members[]
| (.id | pad(10)) + (.raft_addr | pad(18)) + ((.role // "") | pad(10)) + (.status | pad(12))
  + (if .id == $leader then "leader" else "" end)
| sub(" +$"; "")
"""


@dataclass(frozen=True)
class Story:
    """Three nodes and a fourth one: whose, and what is shown of them."""

    scenario: str
    variant: rootfs.Variant
    #: Called with the first three, once they are a cluster.
    between: Callable[[Screen, list[Machine]], None]
    #: Called with the one that joined last.
    outcome: Callable[[Screen, Machine], None]


def power_on(screen: Screen, machine: Machine) -> list[threading.Event]:
    """Switch a node on and follow its journal; set when the journal reports it up, and healthy."""
    started = time.monotonic()
    screen.event(machine.name, "power on")
    machine.start()
    verdict, up = follow.follow(screen, machine), threading.Event()

    def announce() -> None:
        """In the background: say when the node is up."""
        # The story itself finds out what is wrong with a node, or that the demo ends.
        with suppress(AssertionError):
            machine.wait_for_unit("multi-user.target", timeout=PATIENCE)
            screen.event(machine.name, f"is up, {time.monotonic() - started:.1f} s after power on")
            up.set()

    threading.Thread(target=announce, name=f"announce {machine.name}", daemon=True).start()
    return [verdict, up]


def wait_until_member(machine: Machine) -> None:
    """The last join unit is done and the health check has given its verdict."""
    *joins, check = provision.agent_units(machine.node.blueprint)
    active = " && ".join(f"systemctl is-active --quiet {unit}" for unit in joins)
    # A oneshot that has not run yet has the result "success" as well.
    checked = f'[ "$(systemctl show --value -p Result {check})" = success ]'
    ended = f'[ -n "$(systemctl show --value -p ExecMainExitTimestamp {check})" ]'
    machine.wait_until_succeeds(f"{active} && {ended} && {checked}", timeout=PATIENCE)


def bring_up(screen: Screen, machines: list[Machine]) -> None:
    """Switch nodes on together, and return when each is a member and its events are printed."""
    told = [event for machine in machines for event in power_on(screen, machine)]
    for machine in machines:
        wait_until_member(machine)
    for event in told:
        # The journal is followed a moment behind.
        event.wait(PATIENCE_OF_SCREEN)


def show_status(screen: Screen, machine: Machine) -> None:
    """The first thing that an operator would look at."""
    screen.title(f"{machine.name} # first-boot-agent status")
    screen.plain(machine.succeed("first-boot-agent status"))


def show_outcome(screen: Screen, machine: Machine) -> None:
    """What an operator would look at on the node that joined last."""
    show_status(screen, machine)
    for service, port in (("chainfire", 2379), ("flaredb", 2479)):
        screen.title(f"members of {service}, asked on {machine.name}")
        url = f"https://localhost:{port}/admin/cluster/members"
        ask = f"curl --silent --show-error --fail --cacert {provision.SECRETS}/ca.crt {url}"
        screen.plain(machine.succeed(f"{ask} | jq --raw-output '{TABLE}'"))


USUAL = Story("fourth-node-joins", rootfs.PLAIN, lambda _screen, _first: None, show_outcome)


def tell(screen: Screen, story: Story = USUAL) -> None:
    """The whole story."""
    screen.progress("building the agent (release, static) and the stand-in services")
    product.agent(quiet=False)
    product.standin(quiet=False)
    base = rootfs.base(screen.progress, story.variant)
    with Lab() as lab:
        blueprints = blueprint.read(places.SCENARIOS / story.scenario / "nodes.json")
        nodes = provision.nodes_of(lab, base, blueprints)
        screen.progress(f"{len(nodes)} nodes installed, each with its own disk, keys and network")
        machines = [Machine(node, Log()) for node in nodes]
        first, last = machines[:3], machines[3]
        screen.title("Three nodes bootstrap a cluster")
        screen.restart_clock()
        bring_up(screen, first)
        story.between(screen, first)
        screen.title("A fourth node joins")
        bring_up(screen, [last])
        story.outcome(screen, last)
        screen.title("Done; switching everything off")
