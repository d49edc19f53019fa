"""What a test script asks of systemd, files, ports and the console of a node.

The second half of the driver's dialect; see `machine` for the first.
"""

from __future__ import annotations

import re
import shlex
import tarfile
import tempfile
from pathlib import Path

from . import waiting
from .machine import PATIENCE, Limit, RequestedAssertionFailed, Shell


class Machine(Shell):
    """One node with the whole vocabulary of a test script."""

    # Units

    def systemctl(self, q: str, user: str | None = None) -> tuple[int, str]:
        """Run systemctl with these arguments."""
        if user is not None:
            raise NotImplementedError("these nodes have no user managers; ask the system's")
        return self.execute(f"systemctl {q}")

    def get_unit_info(self, unit: str, user: str | None = None) -> dict[str, str]:
        """All properties of a unit."""
        code, lines = self.systemctl(f'--no-pager show "{unit}"', user)
        if code != 0:
            raise RequestedAssertionFailed(f"{self.name}: no information about {unit}: {lines}")
        pairs = (line.partition("=") for line in lines.splitlines() if "=" in line)
        return {key: value for key, _, value in pairs}

    def get_unit_property(self, unit: str, property: str, user: str | None = None) -> str:
        """One property of a unit."""
        code, lines = self.systemctl(f'--no-pager show "{unit}" --property="{property}"', user)
        if code != 0 or "=" not in lines:
            raise RequestedAssertionFailed(f"{self.name}: {unit} has no property {property}")
        return lines.strip().partition("=")[2]

    def require_unit_state(self, unit: str, require_state: str = "active") -> None:
        """Fail unless the unit is in this state now."""
        with self.nested(f"unit {unit} must be {require_state}"):
            state = self.get_unit_property(unit, "ActiveState")
            if state != require_state:
                raise RequestedAssertionFailed(
                    f"{self.name}: {unit} is {state}, expected {require_state}"
                )

    def _idle(self, unit: str, user: str | None) -> bool:
        """Inactive with nothing pending; asked twice, for it may just have been started."""
        _, jobs = self.systemctl("list-jobs --full 2>&1", user)
        return "No jobs" in jobs and self.get_unit_property(unit, "ActiveState", user) == "inactive"

    def wait_for_unit(self, unit: str, user: str | None = None, timeout: Limit = PATIENCE) -> None:
        """Wait until a unit is active; a failed one, or an idle one, raises at once."""

        def active() -> bool:
            """One look; raises where waiting is in vain."""
            state = self.get_unit_property(unit, "ActiveState", user)
            if state == "failed":
                raise RequestedAssertionFailed(
                    f"{self.name}: {unit} failed\n" + self.systemctl(f"status -l {unit} || true")[1]
                )
            if state == "inactive" and self._idle(unit, user):
                raise RequestedAssertionFailed(
                    f"{self.name}: {unit} is inactive and there are no pending jobs"
                )
            return state == "active"

        with self.nested(f"waiting for unit {unit}"):
            waiting.until(active, timeout, f"{self.name}: {unit} is active")

    def start_job(self, jobname: str, user: str | None = None) -> tuple[int, str]:
        """`systemctl start`."""
        return self.systemctl(f"start {jobname}", user)

    def stop_job(self, jobname: str, user: str | None = None) -> tuple[int, str]:
        """`systemctl stop`."""
        return self.systemctl(f"stop {jobname}", user)

    # Files and ports

    def wait_for_file(self, filename: str, timeout: Limit = PATIENCE) -> None:
        """Wait until a path exists."""
        self.wait_until_succeeds(f"test -e {shlex.quote(filename)}", timeout)

    def _port(self, port: int, addr: str) -> str:
        return f"timeout 2 bash -c '</dev/tcp/{addr}/{port}' 2>/dev/null"

    def wait_for_open_port(
        self, port: int, addr: str = "localhost", timeout: Limit = PATIENCE
    ) -> None:
        """Wait until something accepts connections."""
        self.wait_until_succeeds(self._port(port, addr), timeout)

    def wait_for_closed_port(
        self, port: int, addr: str = "localhost", timeout: Limit = PATIENCE
    ) -> None:
        """Wait until nothing accepts connections any more."""
        self.wait_until_fails(self._port(port, addr), timeout)

    def copy_from_host(self, source: str, target: str) -> None:
        """Copy a file or a folder of the host to a path on the node."""
        place = Path(target)
        with tempfile.TemporaryFile() as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.add(source, arcname=place.name)
            archive.seek(0)
            self.succeed(f"mkdir -p {shlex.quote(str(place.parent))}")
            unpacked = self.enter(("tar", "-x", "-C", str(place.parent)), stdin=archive)
            if unpacked.returncode != 0:
                said = unpacked.stderr.decode(errors="replace")
                raise RequestedAssertionFailed(
                    f"{self.name}: {source} cannot be copied to {target}: {said}"
                )

    # Console

    def get_console_log(self) -> str:
        """All that the console showed, over all boots."""
        return self.node.console.read_text(errors="replace")

    def wait_for_console_text(self, regex: str, timeout: Limit | None = None) -> None:
        """Wait until the console has shown something."""
        with self.nested(f"waiting for {regex} on the console"):
            waiting.until(
                lambda: re.search(regex, self.get_console_log()),
                PATIENCE if timeout is None else timeout,
                f"{self.name}: {regex} on the console",
            )
