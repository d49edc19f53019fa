"""Takes the few modules that a machine needs out of a kernel's package.

Knows modules and what they need of one another; must not know what they are for.
"""

from __future__ import annotations

import lzma
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

#: depmod reads all modules once; under a second.
LIMIT = 300.0


def folder(unpacked: Path) -> Path:
    """The modules of the one kernel that lies below a folder, in /lib or /usr/lib."""
    return next(unpacked.glob("**/modules.builtin")).parent


def find(unpacked: Path, name: str) -> Path | None:
    """The file of a module; None for one that is built in."""
    modules = folder(unpacked)
    for spelled in (name, name.replace("_", "-"), name.replace("_iso8859_", "_iso8859-")):
        if path := next(modules.rglob(f"{spelled}.ko*"), None):
            return path
        if f"/{spelled}.ko\n" in (modules / "modules.builtin").read_text():
            return None
    raise RuntimeError(f"the kernel below {unpacked} has no module {name}: look at MODULES")


def unpack(module: Path, target: Path) -> None:
    """Copy a module as the kernel takes it."""
    packed = module.read_bytes()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(lzma.decompress(packed) if module.suffix == ".xz" else packed)


def collect(unpacked: Path, names: Iterable[str], target: Path) -> None:
    """Copy modules and all that they need, with an index for modprobe and udev."""
    modules = folder(unpacked)
    version, small = modules.name, unpacked / "small"
    _index(unpacked, version)
    lines = (modules / "modules.dep").read_text().splitlines()
    needs = {path: rest.split() for path, _, rest in (line.partition(":") for line in lines)}
    wanted: set[str] = set()
    for found in (find(unpacked, name) for name in names):
        if found is not None:
            path = str(found.relative_to(modules))
            wanted |= {path, *needs[path]}
    there = small / "lib/modules" / version
    for path in sorted(wanted):
        unpack(modules / path, there / path.removesuffix(".xz"))
    for listed in modules.glob("modules.builtin*"):
        shutil.copy(listed, there / listed.name)
    (there / "modules.order").touch()
    _index(unpacked, version, "--basedir=/small")
    shutil.move(small / "lib/modules", target)


def _index(unpacked: Path, version: str, *where: str) -> None:
    """depmod of the package itself, so that the host needs none."""
    command = ["chroot", str(unpacked), "/sbin/depmod", *where, version]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=LIMIT)
