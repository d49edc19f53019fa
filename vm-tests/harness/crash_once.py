"""Has the agent on a node end at a chosen place, once.

The units of a node run a wrapper that takes the agent with crash points while the
unit is armed, and the product in every other run: what recovers is what users get.
Must not judge what the crash left behind.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass

from . import product
from .machine_units import Machine
from .node import Node

TESTS = "/usr/lib/first-boot-tests"
AGENT = f"{TESTS}/first-boot-agent-failpoints"
WRAPPER = f"{TESTS}/crash-once"
#: On a tmpfs: nothing of it is left after a power cut.
ARMED = "/run/first-boot-tests"
#: What each unit's ExecStart= says after the name of the program.
WORDS = {
    "chainfire-cluster-join": "join chainfire",
    "flaredb-cluster-join": "join flaredb",
    "iam-initial-setup": "setup iam",
}
MOMENT = re.compile(r"(\d+\.\d)s")
DROP_IN = """\
[Service]
RestartSec=100ms
ReadWritePaths=-{armed}
ExecStart=
ExecStart={wrapper} {armed}/%N {words}
"""
#: A start takes the arming with it: the next one finds none.
SCRIPT = """\
#!/bin/sh
set -e
armed=$1
shift
if [ -e "$armed" ]; then
  . "$armed"
  rm "$armed"
  exec {agent} "$@"
fi
exec /usr/bin/first-boot-agent "$@"
"""


@dataclass(frozen=True)
class Cut:
    """Where the agent ends, and whether the whole node goes with it."""

    #: A number or name of a crash point; or a moment, for example `1.3s` after the start.
    point: int | str
    power: bool

    @property
    def after(self) -> float | None:
        """The moment in seconds, where it is one: until then everything on the node goes on."""
        moment = MOMENT.fullmatch(str(self.point))
        return float(moment[1]) if moment else None

    def environment(self) -> dict[str, str]:
        """Where the agent crashes. For a power cut it halts there, and the node is cut off."""
        at = {"FIRST_BOOT_AGENT_CRASH_AT": str(self.point)}
        return at | ({"FIRST_BOOT_AGENT_CRASH_BY": "halt"} if self.power else {})


def install(node: Node, units: Mapping[str, str]) -> None:
    """Put wrapper, agent and drop-ins for these units on a disk before its first boot."""
    node.write(AGENT, product.failpoints().read_bytes(), 0o755)
    node.write(WRAPPER, SCRIPT.format(agent=AGENT), 0o755)
    for unit, words in units.items():
        text = DROP_IN.format(armed=ARMED, wrapper=WRAPPER, words=words)
        node.write(f"/etc/systemd/system/{unit}.service.d/crash-once.conf", text)


def arm(machine: Machine, unit: str, cut: Cut) -> None:
    """The next start of this unit ends at the cut."""
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in cut.environment().items())
    text = "".join(lines)
    machine.succeed(
        f"mkdir -p {ARMED}; printf %s {shlex.quote(text)} > {ARMED}/{unit}", timeout=10
    )


def command(machine: Machine, words: str, cut: Cut) -> str:
    """Start a command of the agent that ends at the cut, as a unit; returns the unit's name."""
    unit = f"cut-{time.monotonic_ns()}.service"
    settings = (f"{name}={value}" for name, value in cut.environment().items())
    told = " ".join(f"--setenv={shlex.quote(setting)}" for setting in settings)
    machine.succeed(
        f"systemd-run --quiet --no-block --collect --unit={unit} {told} {AGENT} {words}", timeout=10
    )
    return unit


def reached(machine: Machine, since: float) -> str | None:
    """The crash point that was reached since then, for example `7: marker removed`."""
    _, said = machine.execute(
        f"journalctl --quiet --output=cat --since=@{since:.6f} --grep='^crash point [0-9]' || true",
        timeout=20,
    )
    return said.splitlines()[0].removeprefix("crash point ") if said.strip() else None
