"""Lets pytest collect every folder of `scenarios/` as one test.

Decides about skips, gives every test a deadline, and prints the evidence of
failures; must not know what a scenario does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

from harness import deadline, host, places, product, qemu_kernel, rootfs, waiting  # noqa: E402
from harness.scenario import Scenario, ScenarioFailed  # noqa: E402


#: The mark of what boots a QEMU machine, and of what runs on the newest systemd as well; see
#: `harness.everything`.
EMULATED = "emulated"
ON_NEWEST = "on_newest"
#: The fixtures of such tests.
OF_MACHINES = {"machines_can_run", "an_image_can_be_made"}


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, folder: Path, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = Scenario(folder)

    def setup(self) -> None:
        """Not where the host cannot; what has to be built is no part of the test."""
        super().setup()
        require_nodes()
        prepare(*OF_A_NODE)
        if self.scenario.variant != rootfs.PLAIN:
            prepare(root_with_etcd)
        if self.scenario.emulates:
            require_machines()

    def runtest(self) -> None:
        """Run it."""
        self.scenario.run(print)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The script's line, the reason, and everything the nodes wrote."""
        script = str(self.scenario.folder / "test.py")
        where = [e for e in excinfo.traceback if str(e.path) == script]
        text = f"{excinfo.typename}: {excinfo.value}"
        if where:
            line = Path(script).read_text().splitlines()[where[-1].lineno].strip()
            text = f"{script}:{where[-1].lineno + 1}: {line}\n{text}"
        elif not isinstance(excinfo.value, ScenarioFailed):
            text = f"{super().repr_failure(excinfo)}\n{text}"
        if (evidence := self.scenario.evidence) is not None:
            self.add_report_section("call", "journals of all nodes", evidence.journals)
            self.add_report_section("call", "consoles", evidence.consoles)
            text += f"\nkept in {evidence.folder}"
        return text

    def reportinfo(self) -> tuple[Path, int, str]:
        """How pytest names it."""
        return self.path, 0, f"scenario: {self.name}"


class ScenarioFile(pytest.File):
    """The `test.py` of a scenario."""

    def collect(self) -> Iterator[pytest.Item]:
        """Exactly one test, named like the folder."""
        folder = self.path.parent
        item = ScenarioItem.from_parent(self, name=folder.name, folder=folder)
        # The test itself reports a nodes.json that cannot be read.
        with suppress(Exception):
            if item.scenario.emulates:
                item.add_marker(EMULATED)
            if item.scenario.on_newest:
                item.add_marker(ON_NEWEST)
        yield item


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """`scenarios/NAME/test.py` is a scenario; the harness' own tests are as usual."""
    if file_path.name == "test.py" and file_path.parent.parent == places.SCENARIOS:
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def pytest_itemcollected(item: pytest.Item) -> None:
    """What asks for an emulator is marked."""
    if OF_MACHINES & set(getattr(item, "fixturenames", ())):
        item.add_marker(EMULATED)


def require_machines() -> None:
    """The same for QEMU machines; makes their kernel, which is no part of a test."""
    require(host.obstacle_to_machines(), "machines")
    prepare(kernel)


def require_nodes() -> None:
    """Skip with the reason where nodes cannot run; under CI that is a failure."""
    require(host.obstacle(), "nodes")


def require(reason: str | None, what: str) -> None:
    """Skip, or fail under CI, where there is a reason why these cannot run."""
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and the {what} cannot run: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def nodes_can_run() -> None:
    """For the harness' own tests that need a lab."""
    require_nodes()
    prepare(*OF_A_NODE)


@pytest.fixture
def a_lab_can_be_made() -> None:
    """For tests that need a lab and no node in it: nothing of the product is built."""
    require_nodes()


@pytest.fixture
def an_image_can_be_made(a_lab_can_be_made: None) -> None:
    """For tests that boot an image with the agent in it; the stand-ins are not needed."""
    require_machines()
    prepare(product.agent, root)


@pytest.fixture
def machines_can_run(nodes_can_run: None) -> None:
    """For the harness' own tests that need a QEMU machine."""
    require_machines()


def root() -> None:
    """The root file system of all nodes."""
    rootfs.base(print)


def root_with_etcd() -> None:
    """That of nodes with etcd."""
    rootfs.base(print, rootfs.ETCD)


def kernel() -> None:
    """The kernel of QEMU machines."""
    qemu_kernel.kernel(print)


@cache
def failure(build: Callable[[], object]) -> str | None:
    """Build once; what failed for one test is not tried again for each of the others."""
    try:
        build()
    except RuntimeError as error:
        return str(error)
    return None


def prepare(*builds: Callable[[], object]) -> None:
    """Build what a test needs; has a limit of its own, for it takes minutes."""
    for build in builds:
        if (reason := failure(build)) is not None:
            pytest.fail(reason, pytrace=False)


#: What every node needs.
OF_A_NODE = (product.agent, product.standin, root)


def overdue(item: pytest.Item, phase: str, limit: float) -> pytest.fail.Exception:
    """A test, or its fixtures, took too long: keep what was running, and fail it."""
    item.add_report_section(phase, "what was running", deadline.what_runs())
    return pytest.fail.Exception(f"the {phase} of {item.name} took more than {limit:.0f} s")


def bounded(item: pytest.Item, phase: str, limit: float) -> Iterator[None]:
    """One phase of a test within its limit; the next test runs whatever happens."""
    with deadline.within(limit, lambda: overdue(item, phase, limit)):
        yield


def pytest_exception_interact(call: pytest.CallInfo[Any], report: Any) -> None:
    """Where a wait was given up, show what ran at that moment."""
    error = call.excinfo.value if call.excinfo is not None else None
    while error is not None:
        if isinstance(error, waiting.NotInTime):
            report.sections.append(("what was running", error.running))
            return
        error = error.__context__


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Fixtures, and what has to be built for them."""
    yield from bounded(item, "setup", deadline.test_limit() + product.BUILD_LIMIT)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """The test itself."""
    yield from bounded(item, "call", deadline.test_limit())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """The ends of the fixtures."""
    yield from bounded(item, "teardown", deadline.test_limit())
