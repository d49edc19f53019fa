"""The parts of `make bench` that cargo builds and runs: the storm, and ten that join one etcd.

Only starts them; models, figures and aims are in `agent/benches`.
"""

from __future__ import annotations

import subprocess

from . import places
from .product import CargoMissing

#: It is a model's time, or that of servers: the profile that is quick to build does, the tests'.
COMMAND = ("cargo", "bench", "--quiet", "--profile", "dev", "--package", "first-boot-agent")
#: A few minutes once it is built; the rest is for a build from nothing on a slow host.
LIMIT = 1800.0


def table(bench: str) -> str:
    """Run one and hand over what it prints."""
    command = [*COMMAND, "--bench", bench]
    said = " ".join(command)
    try:
        ran = subprocess.run(
            command, cwd=places.REPOSITORY, stdout=subprocess.PIPE, text=True, timeout=LIMIT
        )
    except (FileNotFoundError, PermissionError) as error:
        raise CargoMissing from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"`{said}` did not end within {LIMIT} s") from error
    if ran.returncode != 0:
        raise RuntimeError(f"`{said}` failed\n{ran.stdout}")
    return ran.stdout
