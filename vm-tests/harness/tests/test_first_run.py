"""The first run with Nix and KVM: what it asks for is there, and its report names what failed.

Only Nix is a stand-in here: that is what the script is for.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness import blueprint, places, product, waiting
from harness.waiting import WATCHDOG

COMMAND = places.VM_TESTS / "nixos" / "first-run.sh"
#: Delivers what the test has laid out; what the test says is not built.
FAKE_NIX = """\
#!/usr/bin/env bash
set -euo pipefail
echo "nix $*" >>"$FAKE_STORE/calls"
if grep --quiet --fixed-strings --file="$FAKE_STORE/fails" <<<"$*"; then
  echo "error: it was not to be built"
  exit 1
fi >&2
case $* in
  *" eval "*) cat "$FAKE_STORE/system" ;;
  *" config show "*) cat "$FAKE_STORE/features" ;;
  *" log "*) cat "$FAKE_STORE/log" ;;
  *" path-info "*) cat "$FAKE_STORE/paths" ;;
  *" --out-link "*)
    while (($# > 0)); do
      case $1 in --out-link) ln -sfn "$FAKE_STORE/image" "$2" ;; esac
      shift
    done ;;
  *scenario-fourth-node-joins*) if [[ -e $FAKE_STORE/hangs ]]; then sleep 600; fi ;;
  *" build "*) echo "$FAKE_STORE/result" ;;
esac
"""


class Run:
    """The script with a Nix that delivers what the test says; by itself everything is right."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.tools = folder / "tools"
        self.output = folder / "first run"
        result = self.store / "result"
        for text, path in (
            ("x86_64-linux", self.store / "system"),
            ("benchmark kvm nixos-test", self.store / "features"),
            ("   Compiling first-boot-agent", self.store / "log"),
            ("/nix/store/x-qemu-host-cpu-only-10.0.2", self.store / "paths"),
            ("", result / "lib/systemd/system/chainfire-cluster-join.service"),
            ("", result / "lib/systemd/catalog/first-boot-agent.catalog"),
            ("", result / "firmware/bnx2x.fw"),
            (
                "bzImage 1 99999 1 99999\ninitrd 1 99 1 99\n",
                self.store / "image/expected-sizes",
            ),
            ("070701", self.store / "image/initrd"),
            (
                "#!ipxe\nkernel bzImage init=/nix/store/x ${cmdline}\n",
                self.store / "image/netboot.ipxe",
            ),
            (FAKE_NIX, self.tools / "nix"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.tools / "nix").chmod(0o755)
        kernel = bytearray(1024)
        kernel[514:518] = b"HdrS"
        (self.store / "image/bzImage").write_bytes(kernel)
        binary = result / "bin" / "first-boot-agent"
        binary.parent.mkdir()
        binary.symlink_to(product.agent())

    def start(self, *fails: str, path: str | None = None) -> subprocess.Popen[str]:
        """Start it; whatever names one of `fails` is not built."""
        (self.store / "fails").write_text("".join(f"{line}\n" for line in fails))
        tools = f"{self.tools}:/usr/bin:/bin" if path is None else path
        return subprocess.Popen(
            ["/bin/bash", COMMAND, "--output-dir", self.output],
            env={"PATH": tools, "FAKE_STORE": str(self.store), "HOME": os.environ["HOME"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *fails: str, path: str | None = None) -> tuple[int, str]:
        """Its exit code and what it said."""
        running = self.start(*fails, path=path)
        said = "".join(running.communicate(timeout=WATCHDOG))
        return running.returncode, said

    @property
    def report(self) -> str:
        return (self.output / "report.md").read_text()

    def not_green(self) -> set[str]:
        """The assumptions of the report that have another colour."""
        found = re.findall(r"^\| (green|RED|unseen) \| ([^|]*) \|", self.report, re.MULTILINE)
        assert len(found) == 16
        return {what for colour, what in found if colour != "green"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_all_green(run: Run) -> None:
    code, said = run()
    assert code == 0, said
    assert not run.not_green()


def test_a_step_that_fails_is_red_and_stops_no_other(run: Run) -> None:
    code, said = run("scenario-initrd-any")
    assert code == 1
    assert run.not_green() == {"the agent's unit runs in a NixOS initrd and hands over"}
    assert "The end of scenario-initrd-any.log" in run.report
    assert "error: it was not to be built" in run.report
    assert f"1 not green; please send {run.output}/report.md" in said


#: What is wrong, the assumption that is red for it, and what the report says.
WRONG = {
    "features": ("benchmark nixos-test", "Nix runs virtual machines with KVM", "Nix has no kvm"),
    "log": ("warning: SOURCE_DATE_EPOCH", "the date of the source reaches cargo", "build.rs warns"),
    "paths": ("/nix/store/x-qemu-10.0.2\n/nix/store/y-qemu-host-cpu-only-10.0.2",
              "an image has one QEMU", "y-qemu-host-cpu-only"),
    "result/firmware/bnx2x.fw": (None, "an image has the firmware of servers' NICs", "no bnx2x"),
    "result/lib/systemd/catalog/first-boot-agent.catalog":
        (None, "the catalog is where the module looks", "is missing"),
    "result/lib/systemd/system/chainfire-cluster-join.service":
        (None, "the units are where systemd.packages looks", "is missing"),
    "image/initrd":
        ("nonsense", "an image builds; kernel, initrd and script are sound", "no initrd"),
}


@pytest.mark.parametrize("place", WRONG)
def test_what_is_wrong_is_red_with_what_was_found(run: Run, place: str) -> None:
    text, what, found = WRONG[place]
    if text is None:
        (run.store / place).unlink()
    else:
        (run.store / place).write_text(text)
    code, _ = run()
    assert code == 1
    assert run.not_green() == {what}
    assert found in run.report


@pytest.mark.parametrize("program", ["/bin/sh", "/etc/hostname"])
def test_a_program_that_is_not_static_is_red(run: Run, program: str) -> None:
    binary = run.store / "result" / "bin" / "first-boot-agent"
    binary.unlink()
    binary.symlink_to(program)
    assert run()[0] == 1
    assert "the stock compiler links it statically (glibc.static)" in run.not_green()


def test_one_that_is_cut_off_leaves_a_report(run: Run) -> None:
    (run.store / "hangs").touch()
    running = run.start()
    log = run.output / "scenario-fourth-node-joins.log"
    waiting.until(log.exists, WATCHDOG, "the scenario has begun")
    os.killpg(running.pid, signal.SIGHUP)
    running.communicate(timeout=WATCHDOG)
    assert running.returncode == 1
    assert "| unseen | journalctl -x explains" in run.report
    assert "| green | the package builds" in run.report
    assert "| scenario-fourth-node-joins | cut off |" in run.report
    assert "## flake.lock" in run.report


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


def test_where_it_cannot_run_it_says_why(run: Run) -> None:
    code, said = run(path=str(run.tools.parent))
    assert code == 3 and "nix is not on the PATH" in said
    (run.store / "system").write_text("aarch64-linux")
    code, said = run()
    assert code == 3 and "this is aarch64-linux" in said


def test_an_option_that_is_none() -> None:
    done = subprocess.run(
        ["/bin/bash", COMMAND, "--fast"], capture_output=True, text=True, timeout=WATCHDOG
    )
    assert done.returncode == 2
    assert "--fast is no option; see --help" in done.stderr
