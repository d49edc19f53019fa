"""What takes minutes to make: made once, kept in the cache, and there only when it is whole.

Two runs may make the same at the same time; the quicker one's copy stays, the other's is as
good. Must not know what is made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import ending, leftovers, places, waiting

#: What to look at where mmdebstrap fails.
MIRROR = "is the Debian mirror reachable?"
#: A mirror may be a snapshot, whose lists have expired; what is made of them is thrown away.
FROZEN = ('--aptopt=Acquire::Check-Valid-Until "false"',)
#: So many lines of what a program said show why it failed.
LAST_LINES = 30


#: A mirror that is being updated contradicts itself for a moment; so often it is asked.
TRIES = 3


def made_once(name: str, make: Callable[[Path], Path]) -> Path:
    """The file or folder of this name; `make` is given an empty folder, and says where in it."""
    made = places.CACHE / name
    if made.exists():
        return made
    places.CACHE.mkdir(parents=True, exist_ok=True)
    leftovers.sweep_folders()
    # What a run leaves that is killed outright is found by the number of its process.
    work = places.CACHE / f"building-{os.getpid()}-{name}"
    for left in reversed(range(TRIES)):
        work.mkdir()
        try:
            make(work).rename(made)
        except OSError:
            # Another run was quicker; its copy is as good.
            if not made.exists():
                raise
        except RuntimeError as error:
            if not left:
                raise
            print(f"{name} is made again: {error}")
            continue
        finally:
            shutil.rmtree(work, ignore_errors=True)
        break
    return made


def run(
    command: Sequence[str],
    hint: str,
    limit: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run what makes it, all of which ends with this process; `hint` is what to look at first."""
    making = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = waiting.patiently(
            lambda seconds: making.communicate(timeout=seconds), lambda: waiting.stretched(limit)
        )
    except subprocess.TimeoutExpired:
        ending.end(making)
        late = f"`{command[0]}` has not ended in {limit:.0f} s; {hint}"
        raise RuntimeError(late) from None
    except BaseException:
        ending.end(making)
        raise
    if making.returncode != 0:
        last = "\n".join(said.splitlines()[-LAST_LINES:])
        raise RuntimeError(f"{hint}\n`{' '.join(command)}` failed:\n{last}")
