"""Units as NixOS would write them, for a systemd that is at hand to read.

Renders sections that a Nix expression gives, and takes the steps that the package takes with
our own unit files. Must not judge: `systemd-analyze` does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from . import places
from .nix import nix, quoted

UNITS = places.REPOSITORY / "agent" / "systemd"
PACKAGE = places.REPOSITORY / "nixos-module" / "package.nix"
#: The function of nixpkgs' stdenv, for one pattern below `out`.
MOVE_TO_OUTPUT = """
moveToOutput() {
  local found
  for found in "$out"/$1; do
    install -d "$2/$(dirname "$1")"
    mv "$found" "$2/$(dirname "$1")/"
  done
}
"""
#: Those of nixpkgs' installShellFiles, for files that have their final names.
INSTALL_SHELL_FILES = """
installManPage() {
  local page
  for page in "$@"; do
    install -D --mode=0644 --target-directory="$out/share/man/man${page##*.}" "$page"
  done
}
installShellCompletion() {
  local word folder
  for word in "$@"; do
    case $word in
      --bash) folder=bash-completion/completions ;;
      --fish) folder=fish/vendor_completions.d ;;
      --zsh) folder=zsh/site-functions ;;
      *) install -D --mode=0644 --target-directory="$out/share/$folder" "$word" ;;
    esac
  done
}
"""
LIMIT = 300.0


def setting(key: str, value: Any) -> list[str]:
    """Its lines: a list is a line for each of its items."""
    if isinstance(value, list):
        return [line for item in value for line in setting(key, item)]
    word = str(value).lower() if isinstance(value, bool) else str(value)
    return [f"{key}={word}"]


def rendered(sections: dict[str, dict[str, Any]]) -> str:
    """A unit file, or a drop-in."""
    lines: list[str] = []
    for name, settings in sections.items():
        lines.append(f"[{name}]")
        lines += [line for key, value in settings.items() for line in setting(key, value)]
    return "\n".join(lines) + "\n"


def installed(out: Path, initrd: Path) -> None:
    """The package's outputs, by its own `postInstall`, run here instead of in a build."""
    script: str = nix().value(
        f"(import {quoted(PACKAGE)} {{ etcd = null; glibc = null; stdenv = null; lib = null;"
        " installShellFiles = null;"
        " rustPlatform.buildRustPackage = make: make { }; }).postInstall"
    )
    (out / "bin").mkdir(parents=True)
    (out / "bin" / "first-boot-agent").touch(0o755)
    command = ["bash", "-euo", "pipefail", "-c", MOVE_TO_OUTPUT + INSTALL_SHELL_FILES + script]
    environment = {"PATH": os.environ["PATH"], "out": str(out), "initrd": str(initrd)}
    subprocess.run(command, cwd=places.REPOSITORY, env=environment, check=True, timeout=LIMIT)


def without_later_settings(units: Path) -> None:
    """Leave out what this host's systemd is too old for, as `make install` does."""
    told = subprocess.run(
        ["systemctl", "--version"], check=True, capture_output=True, text=True, timeout=LIMIT
    ).stdout
    if int(told.split()[1]) < 254:
        for folder in UNITS.glob("254/*.d"):
            shutil.rmtree(units / folder.name, ignore_errors=True)


def make_programs(folder: Path) -> None:
    """systemd looks whether programs are there: where a unit names one, something is."""
    for unit in folder.rglob("*"):
        if unit.is_file():
            for program in re.findall(r"^ExecStart=(/\S+)", unit.read_text(), re.MULTILINE):
                path = Path(program)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(0o755)


def verify(folder: Path, *units: str) -> str:
    """What systemd has to say of these units; nothing where all is well.

    It succeeds on keys that it does not know, and only prints them.
    """
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_LEVEL": "warning"}
    command = ["systemd-analyze", "verify", "--man=no", *(str(folder / unit) for unit in units)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    return done.stderr if done.stderr or done.returncode == 0 else f"exit code {done.returncode}"


def exposure(unit: Path) -> float:
    """What systemd makes of a unit's sandbox: 0 is none to get at, 10 all."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    found = re.search(r"Overall exposure level for .*: (\d+\.\d+)", done.stdout)
    if found is None:
        raise RuntimeError(f"systemd-analyze security says nothing of {unit.name}: {done.stderr}")
    return float(found[1])
