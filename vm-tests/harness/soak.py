"""`make soak MINUTES=10`: a cluster's whole life, again and again, until the time is over.

Each round has a lab of its own: three nodes bootstrap, a fourth joins, one reboots,
the fourth leaves, is reset and joins again. Must not repeat a step that failed: the
round is counted as failed, what it wrote is kept, and the next one begins.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import blueprint, host, journals, members, places, product, provision, rootfs
from .blueprint import RAFT_PORTS
from .cut_cluster import JOINS, LIMIT, NODES
from .demo import leave
from .lab import Lab, LabError
from .log import Log
from .machine_units import Machine
from .members import Members

DEFAULT_MINUTES = 10.0
USAGE = "usage: soak [MINUTES]"


@dataclass
class Round:
    """One round, and where its time went."""

    number: int
    seconds: dict[str, float] = field(default_factory=dict)
    failure: str | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, also one that fails."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.seconds.values())

    def __str__(self) -> str:
        spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.seconds.items())
        return f"round {self.number}: {self.total:.1f} s ({spent})"


class Life:
    """The nodes of one round."""

    def __init__(self, lab: Lab, log: Log) -> None:
        self.nodes = provision.nodes_of(lab, rootfs.base(log.info), blueprint.read(NODES))
        self.machines = [Machine(node, log) for node in self.nodes]
        members.plug_in(lab)
        self._members = Members(lab, self.nodes[:3])

    def settle(self, machines: list[Machine], of: int) -> None:
        """Every one of these says that all is done, and all lists have so many voters."""
        for machine in machines:
            machine.succeed("first-boot-agent status --wait", timeout=LIMIT)
        self.lists(of)

    def lists(self, of: int) -> None:
        """The first nodes are the voters, each once, in the lists of all of the first three."""
        expected = [machine.name for machine in self.machines[:of]]
        for service in RAFT_PORTS:
            self._members.wait_for_voters(service, expected)

    def live(self, round: Round) -> None:
        """The story; raises at what does not hold."""
        first, fourth = self.machines[:3], self.machines[3]
        with round.step("bootstrap"):
            for machine in first:
                machine.start(allow_reboot=True)
            self.settle(first, of=3)
        with round.step("join"):
            fourth.start(allow_reboot=True)
            self.settle([fourth], of=4)
        rebooted = self.machines[round.number % 4]
        with round.step("reboot"):
            rebooted.reboot()
            self.settle([rebooted], of=4)
            for unit in JOINS:
                assert rebooted.get_unit_property(unit, "ExecMainPID") == "0", f"{unit} ran again"
        with round.step("leave"):
            fourth.succeed("first-boot-agent leave", timeout=LIMIT)
            self.lists(of=3)
        with round.step("reset"):
            fourth.succeed("first-boot-agent reset all", timeout=LIMIT)
            self.lists(of=3)
        with round.step("join again"):
            fourth.succeed("systemctl start chainfire flaredb", timeout=LIMIT)
            fourth.succeed(f"systemctl restart --no-block {' '.join(JOINS)}", timeout=LIMIT)
            self.settle([fourth], of=4)


def live(number: int) -> Round:
    """One round; nothing of it is left when this returns."""
    log, done = Log(), Round(number)
    try:
        with done.step("install"):
            lab = Lab()
        with lab:
            with done.step("install"):
                life = Life(lab, log)
            try:
                life.live(done)
            except AssertionError as error:
                done.failure = str(error)
            told = journals.accounts(life.nodes)
            if found := journals.judge(told):
                done.failure = "\n".join([*filter(None, [done.failure]), *found])
            if done.failure:
                kept = journals.keep(f"soak-{number}", told, log.text)
                done.failure += f"\nkept in {kept.relative_to(places.REPOSITORY)}"
    except (LabError, OSError) as error:
        done.failure = str(error)
    return done


def report(rounds: list[Round], began: float) -> bool:
    """The counts; says whether all is well."""
    failed = [one for one in rounds if one.failure]
    print(f"\n{len(rounds)} rounds in {time.monotonic() - began:.0f} s, {len(failed)} failed")
    if rounds:
        print(f"the slowest was {max(rounds, key=lambda one: one.total)}")
    return bool(rounds) and not failed


def main(arguments: list[str]) -> int:
    """Round after round; one that has begun is finished."""
    try:
        limit = 60 * (float(arguments[0]) if arguments else DEFAULT_MINUTES)
    except ValueError:
        print(USAGE, file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    if reason := host.obstacle():
        print(f"no nodes here, so nothing to repeat: {reason}", file=sys.stderr)
        return 1
    print("building the agent and the stand-in services", flush=True)
    product.agent(quiet=False)
    product.standin(quiet=False)
    began = time.monotonic()
    rounds: list[Round] = []
    try:
        while time.monotonic() - began < limit:
            rounds.append(live(len(rounds) + 1))
            print(rounds[-1], flush=True)
            if rounds[-1].failure:
                print("  FAILED: " + rounds[-1].failure.replace("\n", "\n  "), flush=True)
    finally:
        well = report(rounds, began)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
