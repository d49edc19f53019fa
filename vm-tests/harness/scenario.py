"""Runs one scenario: its nodes in a lab of their own, its script on them.

The script is Python that imports nothing but json; what it may use is listed in `vocabulary`.
"""

from __future__ import annotations

import unittest
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import blueprint, journals, provision, rootfs, waiting
from .lab import Lab
from .log import Log
from .machine import PATIENCE, Limit
from .machine_units import Machine
from .qemu_machine import machine


@dataclass
class Evidence:
    """What a scenario leaves behind for its reader."""

    folder: Path
    journals: str
    consoles: str


class ScenarioFailed(AssertionError):
    """The script held, but a journal contains what no scenario may contain."""


def retry(fn: Callable[[bool], bool], timeout: Limit = PATIENCE) -> None:
    """Call `fn` until it returns True; the argument says whether a call is the last."""
    try:
        waiting.until(lambda: fn(False), timeout, "a retried action")
    except waiting.NotInTime:
        if not fn(True):
            raise


def vocabulary(machines: list[Machine], log: Log) -> dict[str, Any]:
    """The globals of a test script."""

    def start_all() -> None:
        """Switch all nodes on; they boot at the same time."""
        with log.nested("start all nodes"):
            for machine in machines:
                machine.start()

    def join_all() -> None:
        """Wait until all nodes have switched themselves off."""
        with log.nested("wait for all nodes to end"):
            for machine in machines:
                machine.wait_for_shutdown()

    def subtest(name: str) -> AbstractContextManager[None]:
        """A named part of the script."""
        return log.subtest(name)

    words: dict[str, Any] = {
        "start_all": start_all,
        "join_all": join_all,
        "subtest": subtest,
        "retry": retry,
        "log": log,
        "t": unittest.TestCase(),
        "nodes": machines,
    }
    return words | {machine.name.replace("-", "_"): machine for machine in machines}


class Scenario:
    """A folder with `nodes.json` and `test.py`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.evidence: Evidence | None = None

    @property
    def on_newest(self) -> bool:
        """Whether `make test` runs it on the newest systemd as well."""
        return blueprint.on_newest(self.folder / "nodes.json")

    @property
    def variant(self) -> rootfs.Variant:
        """The root file system that its nodes are made of."""
        nodes = blueprint.read(self.folder / "nodes.json")
        return rootfs.ETCD if any(node.has_etcd for node in nodes) else rootfs.PLAIN

    @property
    def emulates(self) -> bool:
        """Whether one of its nodes is a QEMU machine."""
        nodes = blueprint.read(self.folder / "nodes.json")
        return any(node.hardware is not None for node in nodes)

    def run(self, say: Callable[[str], None] | None = None) -> None:
        """Run it; raises what the script raised, or `ScenarioFailed`."""
        blueprints = blueprint.read(self.folder / "nodes.json")
        script = self.folder / "test.py"
        code = compile(script.read_text(), str(script), "exec")
        log = Log(say)
        base = rootfs.base(log.info, self.variant)
        log.info(f"{rootfs.SUITE}, systemd {rootfs.systemd(base)}")
        with Lab() as lab:
            packaged = blueprint.from_package(self.folder / "nodes.json")
            nodes = provision.nodes_of(lab, base, blueprints, packaged)
            log.info("nodes installed")
            try:
                exec(code, vocabulary([machine(node, log) for node in nodes], log))
                log.info("script done")
            finally:
                told = journals.accounts(nodes)
                usual = rootfs.SUITE == rootfs.USUAL
                kept = self.name if usual else f"{self.name}.{rootfs.SUITE}"
                folder = journals.keep(kept, told, log.text)
                self.evidence = Evidence(
                    folder=folder,
                    journals=journals.merged(told),
                    consoles="\n".join(f"{one.name}:\n{one.console}" for one in told),
                )
            if found := journals.judge(told):
                raise ScenarioFailed("systemd complains of units of ours:\n" + "\n".join(found))


def all_scenarios(folder: Path) -> list[Scenario]:
    """Every scenario below a folder, by name."""
    return [Scenario(script.parent) for script in sorted(folder.glob("*/test.py"))]
