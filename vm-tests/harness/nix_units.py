"""Units as NixOS would write them, for a systemd that is at hand to read.

Renders sections that a Nix expression gives, and lays them beside the package's own unit
files. Must not evaluate anything itself: see `nix`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from . import places

UNITS = places.REPOSITORY / "agent" / "systemd"
PROGRAM = "/usr/bin/first-boot-agent"
LIMIT = 60.0


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


def install_agents_units(folder: Path, program: str) -> None:
    """What the package's installation does: our units, naming the program where it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for unit in (*UNITS.glob("*.service"), *UNITS.glob("*.path")):
        (folder / unit.name).write_text(unit.read_text().replace(PROGRAM, program))


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

    It succeeds on keys that it does not know, and only tells them.
    """
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_LEVEL": "warning"}
    command = ["systemd-analyze", "verify", "--man=no", *(str(folder / unit) for unit in units)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    return done.stderr if done.stderr or done.returncode == 0 else f"exit code {done.returncode}"
