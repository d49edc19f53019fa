"""The systemd initrd of QEMU machines, made once and kept.

systemd, udev and the journal as Debian packages hold them, put together as NixOS does it:
systemd's own units from `sysinit.target` to `initrd-switch-root.service`, its own rules,
and no script of anybody's. Nothing of this project is in it, nor of a single machine: see
`qemu_additions`. Must not be changed once made.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from . import qemu_kernel, rootfs
from .cpio import packed
from .made_once import made_once
from .qemu_initrd_parts import FILES, FOLDERS, HELPERS, KMOD, LINKS, LOADED, PROGRAMS, RELEASE
from .qemu_initrd_parts import RULES, SOUGHT, UNITS, WANTED
from .qemu_kernel import MAKING_LIMIT, Kernel


def key() -> str:
    """Names the content: another recipe is another initrd."""
    recipe = (PROGRAMS, HELPERS, KMOD, UNITS, WANTED, RULES, FILES, LOADED, RELEASE, LINKS, FOLDERS)
    recipe = (rootfs.key(), qemu_kernel.key(), SOUGHT, *recipe)
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]


def initrd(kernel: Kernel, base: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The compressed archive, made first where it is missing."""

    def make(work: Path) -> Path:
        """Fill and pack it."""
        say("making the systemd initrd of QEMU machines (once)")
        (work / "made").mkdir()
        fill(work / "tree", kernel, base)
        pack(work / "tree", work / "made" / "initrd")
        return work / "made"

    return made_once(f"initrd-{key()}", make) / "initrd"


def fill(tree: Path, kernel: Kernel, base: Path) -> None:
    """Lay out the initrd as a folder."""
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True)
    systemd = base / "usr/lib/systemd"
    programs = [_program(base, name) for name in PROGRAMS]
    helpers = [systemd / name for name in HELPERS if (systemd / name).exists()]
    rules = [base / "usr/lib/udev/rules.d" / name for name in RULES]
    # A link is the old name of a unit that is there by its new one.
    units = [path for name in UNITS if (path := systemd / "system" / name).is_file()]
    units = [path for path in units if not path.is_symlink()]
    files = [base / name for name in FILES]
    everything = [*programs, *helpers, *_libraries(base, [*programs, *helpers])]
    for path in (*everything, *rules, *units, *files):
        target = tree / path.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for target, wanted in WANTED.items():
        folder = tree / "usr/lib/systemd/system" / f"{target}.wants"
        folder.mkdir()
        for unit in wanted:
            if (folder.parent / unit).exists():
                (folder / unit).symlink_to(f"../{unit}")
    for name, link in LINKS.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(link)
    (tree / "usr/lib/initrd-release").write_text(RELEASE)
    (tree / "etc/modules-load.d").mkdir()
    (tree / "etc/modules-load.d/disk.conf").write_text("\n".join(LOADED) + "\n")
    shutil.copytree(kernel.modules, tree / "usr/lib/modules")


def _program(base: Path, name: str) -> Path:
    for folder in ("usr/bin", "usr/sbin"):
        if (path := base / folder / name).exists():
            return path
    raise RuntimeError(f"the root file system of {rootfs.SUITE} has no {name}: look at PROGRAMS")


def _libraries(base: Path, programs: Iterable[Path]) -> list[Path]:
    """All that the programs are linked with or look for, and the one that loads them."""
    sought = [path for name in SOUGHT for path in base.glob(f"usr/lib/*/{name}")]
    inside = [f"/{path.relative_to(base)}" for path in (*programs, *sought)]
    listing = ["chroot", str(base), "ldd", *inside]
    told = subprocess.run(listing, capture_output=True, text=True, timeout=MAKING_LIMIT).stdout
    names = set(re.findall(r"(?:=> |^\s+)(/\S+)", told, re.MULTILINE))
    names |= {f"/{path.relative_to(base)}" for path in sought}
    # /lib is a link to /usr/lib; a library is wanted below the name that programs ask for.
    return sorted({(base / name[1:]).parent.resolve() / Path(name).name for name in names})


def pack(tree: Path, target: Path) -> None:
    """Pack a folder; lz4, for that is what an emulated processor unpacks fastest."""
    plain = target.with_suffix(".cpio")
    plain.write_bytes(packed(tree))
    # The kernel knows lz4's old frame alone.
    command = ["lz4", "-l", "-9", "--quiet", "--force", str(plain), str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=MAKING_LIMIT)
    plain.unlink()
