"""Lets pytest collect every folder of `scenarios/` as one test.

Decides about skips and prints the evidence of failures; must not know what a
scenario does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

from harness import host, places  # noqa: E402
from harness.scenario import Scenario, ScenarioFailed  # noqa: E402

#: A scenario takes seconds; one that takes this long hangs.
SCENARIO_LIMIT = 300


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, folder: Path, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = Scenario(folder)

    def runtest(self) -> None:
        """Run it, unless the host cannot."""
        require_nodes()
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(SCENARIO_LIMIT)
        try:
            self.scenario.run(print)
        finally:
            signal.alarm(0)

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
        yield ScenarioItem.from_parent(self, name=folder.name, folder=folder)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """`scenarios/NAME/test.py` is a scenario; the harness' own tests are as usual."""
    if file_path.name == "test.py" and file_path.parent.parent == places.SCENARIOS:
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def require_nodes() -> None:
    """Skip with the reason where nodes cannot run; under CI that is a failure."""
    if (reason := host.obstacle()) is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and the nodes cannot run: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def nodes_can_run() -> None:
    """For the harness' own tests that need a lab."""
    require_nodes()


def too_long(_number: int, _frame: FrameType | None) -> None:
    """The alarm of a scenario that hangs."""
    raise TimeoutError(f"the scenario took more than {SCENARIO_LIMIT} s")
