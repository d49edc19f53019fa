"""The first run with Nix and KVM: what it asks for is there, and its report tells what failed.

Only Nix is a stand-in here: that is what the script is for.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness import blueprint, places
from harness.waiting import WATCHDOG

COMMAND = places.VM_TESTS / "nixos" / "first-run.sh"
#: Whatever is built is one folder; what a test says is not built.
FAKE_NIX = """\
#!/usr/bin/env bash
set -euo pipefail
echo "nix $*" >>"$FAKE_STORE/calls"
if grep --quiet --fixed-strings --file="$FAKE_STORE/fails" <<<"$*"; then
  echo "error: it was not to be built"
  exit 1
fi >&2
case $* in
  *" eval "*) echo x86_64-linux ;;
  *" build "*) echo "$FAKE_STORE/result" ;;
  *" path-info "*) echo /nix/store/x-qemu-host-cpu-only-10.0.2 ;;
esac
"""


class Run:
    """The script with a Nix that does what the test says."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.tools = folder / "tools"
        self.output = folder / "first-run"
        agent = self.store / "result" / "bin" / "first-boot-agent"
        for program, text in (
            (self.tools / "nix", FAKE_NIX),
            (agent, "#!/bin/sh\necho 0.1.0\n"),
        ):
            program.parent.mkdir(parents=True)
            program.write_text(text)
            program.chmod(0o755)
        (self.store / "result" / "firmware").mkdir()
        (self.store / "result" / "firmware" / "bnx2x.fw").touch()

    def __call__(self, *fails: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run it; whatever names one of `fails` is not built."""
        (self.store / "fails").write_text("".join(f"{line}\n" for line in fails))
        tools = f"{self.tools}:/usr/bin:/bin" if path is None else path
        return subprocess.run(
            ["/bin/bash", COMMAND, "--output-dir", self.output],
            env={"PATH": tools, "FAKE_STORE": str(self.store), "HOME": os.environ["HOME"]},
            capture_output=True,
            text=True,
            timeout=WATCHDOG,
        )

    def verdicts(self) -> dict[str, str]:
        """The colour of each assumption of the report."""
        report = (self.output / "report.md").read_text()
        found = re.findall(r"\| (green|RED) \| ([^|]*) \|", report)
        return {what: colour for colour, what in found}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_a_step_that_fails_is_red_and_stops_no_other(run: Run) -> None:
    done = run("scenario-initrd-any", "netboot-worker --out-link")
    assert done.returncode == 1, done.stderr
    verdicts = run.verdicts()
    wrong = {what for what, colour in verdicts.items() if colour == "RED"}
    assert "the agent's unit runs in a NixOS initrd and hands over" in wrong
    assert "an image builds; kernel, initrd and script are sound" in wrong
    assert verdicts["a node boots from its disk by the UUIDs of the layout"] == "green"
    assert verdicts["an image has one QEMU"] == "green"
    assert verdicts["an image has the firmware of servers' NICs"] == "green"
    # What was built is no package: the checks say so, each for itself.
    assert verdicts["it runs"] == "green"
    assert "the catalog is where the module looks" in wrong
    report = (run.output / "report.md").read_text()
    assert "The end of scenario-initrd-any.log" in report
    assert "error: it was not to be built" in report
    assert f"please send {run.output}/report.md" in done.stdout


def test_what_it_asks_for_is_there(run: Run) -> None:
    run()
    asked = re.findall(r"#(\S+)", (run.store / "calls").read_text())
    scenarios = [name for name in asked if name.startswith("checks.x86_64-linux.scenario-")]
    assert len(scenarios) == 3
    for name in scenarios:
        folder = places.SCENARIOS / name.removeprefix("checks.x86_64-linux.scenario-")
        assert blueprint.harness_only(folder / "nodes.json") is None, name
    # The outputs of the flake; nixos-module/tests/flake.nix holds that they are there.
    assert set(asked) - set(scenarios) == {
        "first-boot-agent",
        "netboot-worker",
        "nixosConfigurations.netboot-worker.config.system.build.toplevel",
        "nixosConfigurations.node01.config.system.build.toplevel",
        "nixosConfigurations.node01.config.system.build.installTest",
    }


def test_without_nix_it_says_what_is_missing(run: Run) -> None:
    done = run(path=str(run.tools.parent))
    assert done.returncode == 3, done.stdout
    assert "nix is not on the PATH" in done.stderr
    assert not run.output.exists()


def test_an_option_that_is_none(run: Run) -> None:
    done = subprocess.run(
        ["/bin/bash", COMMAND, "--fast"], capture_output=True, text=True, timeout=WATCHDOG
    )
    assert done.returncode == 2
    assert "--fast is no option; see --help" in done.stderr
