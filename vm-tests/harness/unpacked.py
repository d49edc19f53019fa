"""Debian packages unpacked beside the system, for programs that the host itself lacks.

mmdebstrap downloads them with what they depend on from Debian's own mirror, has apt
verify every signature against Debian's archive keyring, and runs none of their scripts.
Must not install anything on the host.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from . import ending, leftovers, places

#: A download and an unpacking of 150 MB; generous for a slow mirror.
LIMIT = 600.0


def key(suite: str, packages: Sequence[str]) -> str:
    """Names the content: other packages are another folder."""
    return hashlib.sha256(repr((suite, tuple(packages))).encode()).hexdigest()[:12]


def folder(
    name: str,
    suite: str,
    packages: Sequence[str],
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """The root folder of the packages, made first where it is missing."""
    made = places.CACHE / f"{name}-{key(suite, packages)}"
    if made.is_dir():
        return made
    leftovers.sweep_folders()
    work = places.CACHE / f"building-{os.getpid()}-{name}"
    work.mkdir(parents=True)
    try:
        say(f"unpacking {', '.join(packages)} of {suite} (once)")
        _unpack(suite, packages, work)
        (work / "root").rename(made)
    except OSError:
        # Another run was quicker; its copy is as good.
        if not made.is_dir():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _unpack(suite: str, packages: Sequence[str], work: Path) -> None:
    command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(packages)}"]
    unpacking = subprocess.Popen(
        [*command, suite, str(work / "root")],
        env={**os.environ, "TMPDIR": str(work)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = unpacking.communicate(timeout=LIMIT)
    except BaseException:
        ending.end(unpacking)
        raise
    if unpacking.returncode != 0:
        raise RuntimeError(f"mmdebstrap failed; is the Debian mirror reachable?\n{said}")
