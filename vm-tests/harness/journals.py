"""Collects what the nodes wrote, and judges what no scenario may contain.

Reads the disks of nodes, running or not; must not ask a node anything, for a
failing scenario may have left it in any state.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import places, product
from .blueprint import ETCD, SERVICES
from .lab import LabError
from .node import Node

#: systemd resolves a cycle by silently dropping a job (systemd/systemd#33637).
CYCLE = re.compile(r"ordering cycle", re.IGNORECASE)
#: What PID 1 says of a unit file it does not fully understand.
MISREAD = re.compile(
    r"Unknown key|Unknown section|Unknown lvalue|Failed to parse|bad unit file|bad-setting"
    r"|Failed to add dependency",
)
#: In a journal; on the console nobody else speaks this early.
MANAGER = " systemd[1]: "
#: Cursor movements, and the line that systemd keeps redrawing while a job runs.
CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|M)")
SPINNER = re.compile(r"\[[ *]{6}\] ")


def own_units() -> re.Pattern[str]:
    """The names of the units that this repository is answerable for."""
    installed = places.REPOSITORY / "agent" / "systemd"
    names = {unit.partition(".")[0] for unit in product.AGENT_UNITS} | {*SERVICES, ETCD}
    names |= {path.stem for path in installed.glob("*.*") if path.is_file()}
    return re.compile("|".join(re.escape(name) for name in sorted(names)))


@dataclass(frozen=True)
class Account:
    """Everything one node wrote, in all its boots."""

    name: str
    journal: str
    console: str


def journal(node: Node, output: str = "short-iso-precise") -> str:
    """All boots of a node's journal, also where the node is off."""
    try:
        return node.journal(output)
    except LabError as error:
        return f"(the journal of {node.name} cannot be read: {error})\n"


def accounts(nodes: Iterable[Node]) -> list[Account]:
    """Read every node once; the readings below work on these."""
    return [Account(node.name, journal(node), console(node)) for node in nodes]


def merged(told: Iterable[Account]) -> str:
    """All journals as one story; each line carries its node's name."""
    # Continuation lines have no time of their own and stay with their entry.
    entries: list[str] = []
    for line in (line for account in told for line in account.journal.splitlines()):
        if line[:1].isdigit() or not entries:
            entries.append(line)
        else:
            entries[-1] += "\n" + line
    return "\n".join(sorted(entries))


def console(node: Node) -> str:
    """What the console showed; early messages of PID 1 are nowhere else."""
    try:
        shown = node.console.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    lines = (line.rstrip() for line in CONTROL.sub("", shown).replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line and not SPINNER.match(line))


def offences(account: Account) -> list[str]:
    """The lines of one node that fail every scenario."""
    ours = own_units()
    said = [line for line in account.journal.splitlines() if MANAGER in line]
    return [
        f"{account.name}: {line.strip()}"
        for line in said + account.console.splitlines()
        if CYCLE.search(line) or (MISREAD.search(line) and ours.search(line))
    ]


def judge(told: Iterable[Account]) -> list[str]:
    """The offending lines of all nodes, in journal and console."""
    return [line for account in told for line in offences(account)]


def keep(scenario: str, told: Iterable[Account], steps: str) -> Path:
    """Write everything to `target/vm-tests/logs/SCENARIO`, replacing the last run."""
    folder = places.LOGS / scenario
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "steps.log").write_text(steps + "\n")
    (folder / "journals.log").write_text(merged(told) + "\n")
    for account in told:
        (folder / f"{account.name}.console.log").write_text(account.console)
    return folder
