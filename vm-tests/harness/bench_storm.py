"""The storm of `make bench`: a simulation that cargo builds and runs.

Only starts it; the model, its figures and its aims are in `agent/benches/storm`.
"""

from __future__ import annotations

import subprocess

from . import places
from .product import CargoMissing

#: The figures are of simulated time, so the profile that is quick to build does: the tests' own.
COMMAND = ("cargo", "bench", "--quiet", "--profile", "dev", "--package", "first-boot-agent")
#: Half a minute once it is built; the rest is for a build from nothing on a slow host.
LIMIT = 1800.0


def table() -> str:
    """Run it and hand over what it prints."""
    command = [*COMMAND, "--bench", "storm"]
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
        raise RuntimeError(f"`{said}` failed")
    return ran.stdout
