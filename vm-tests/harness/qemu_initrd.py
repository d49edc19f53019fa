"""The systemd initrd of QEMU machines, made once and kept.

systemd, udev and the journal as Debian packages hold them, put together as NixOS does it:
systemd's own units from `sysinit.target` to `initrd-switch-root.service`, its own rules,
and no script of anybody's. Nothing of this project is in it, nor of a single machine: see
`qemu_additions`. Must not be changed once made.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from . import leftovers, places, qemu_kernel, rootfs
from .cpio import Archive
from .qemu_kernel import MAKING_LIMIT, Kernel

#: What systemd calls, what a unit may call, and what a shell in the initrd is there for.
PROGRAMS = (
    *("systemctl", "journalctl", "udevadm", "systemd-tmpfiles", "systemd-creds", "kmod"),
    *("mount", "umount", "switch_root", "blkid", "lsblk", "sfdisk", "losetup", "ip", "bash"),
    *("cat", "cp", "cut", "date", "dd", "env", "grep", "head", "id", "ln", "ls", "mkdir", "mv"),
    *("readlink", "rm", "sed", "sha256sum", "sleep", "sort", "stat", "sync", "tail", "tar", "test"),
    *("timeout", "touch", "tr", "true", "uname", "wc"),
)
#: Below /usr/lib/systemd. systemd-fsck is missing on purpose: what is checked is up to the root.
HELPERS = (
    *("systemd", "systemd-journald", "systemd-modules-load", "systemd-executor"),
    # 99-systemd.rules calls it for each network card.
    "systemd-sysctl",
    *("systemd-sulogin-shell", "systemd-shutdown", "systemd-sysroot-fstab-check"),
    *("system-generators/systemd-fstab-generator", "system-generators/systemd-debug-generator"),
)
#: Names that stand for kmod.
KMOD = ("modprobe", "insmod", "lsmod", "depmod")
UNITS = (
    *("basic.target", "ctrl-alt-del.target", "emergency.service", "emergency.target"),
    *("final.target", "halt.target", "kexec.target", "kmod-static-nodes.service"),
    *("initrd-cleanup.service", "initrd-fs.target", "initrd-parse-etc.service"),
    *("initrd-root-device.target", "initrd-root-fs.target", "initrd-switch-root.service"),
    *("initrd-switch-root.target", "initrd-udevadm-cleanup-db.service", "initrd.target"),
    *("initrd-usr-fs.target", "local-fs-pre.target", "local-fs.target", "modprobe@.service"),
    *("network-online.target", "network-pre.target", "network.target", "paths.target"),
    *("poweroff.target", "reboot.target", "rescue.target", "shutdown.target", "slices.target"),
    *("sockets.target", "swap.target", "sysinit.target", "systemd-halt.service"),
    *("systemd-journald-dev-log.socket", "systemd-journald.service", "systemd-journald.socket"),
    *("systemd-modules-load.service", "systemd-poweroff.service", "systemd-reboot.service"),
    *("systemd-tmpfiles-setup-dev.service", "systemd-udev-settle.service"),
    *("systemd-udev-trigger.service", "systemd-udevd-control.socket"),
    *("systemd-udevd-kernel.socket", "systemd-udevd.service", "time-set.target"),
    *("timers.target", "umount.target"),
)
#: Started with sysinit.target; Debian's links would ask for more.
WANTED = {
    "sysinit.target": (
        *("systemd-journald.service", "systemd-modules-load.service", "systemd-udevd.service"),
        *("systemd-udev-trigger.service", "systemd-tmpfiles-setup-dev.service"),
        "kmod-static-nodes.service",
    ),
    "sockets.target": (
        *("systemd-journald-dev-log.socket", "systemd-journald.socket"),
        *("systemd-udevd-control.socket", "systemd-udevd-kernel.socket"),
    ),
    "initrd-switch-root.target": ("initrd-udevadm-cleanup-db.service",),
}
RULES = (
    *("50-udev-default.rules", "60-block.rules", "60-persistent-storage.rules"),
    *("75-net-description.rules", "80-drivers.rules", "80-net-setup-link.rules"),
    "99-systemd.rules",
)
FILES = ("etc/passwd", "etc/group", "etc/nsswitch.conf", "usr/lib/systemd/network/99-default.link")
#: No module is on the disk, so what is of use later is loaded here; the rest udev asks for.
LOADED = ("virtio_pci", "virtio_blk", "virtio_console", "virtio_net", "vfat")
RELEASE = 'ID=first-boot-tests\nPRETTY_NAME="initrd of the tests"\n'
LINKS = {
    "init": "/usr/lib/systemd/systemd",
    **{name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")},
    **{f"usr/sbin/{name}": "../bin/kmod" for name in KMOD},
    "usr/sbin/ip": "../bin/ip",
    # A link in the package as well, but an absolute one, which would lead out of the tree here.
    "usr/lib/systemd/systemd-udevd": "/usr/bin/udevadm",
    "etc/initrd-release": "../usr/lib/initrd-release",
    "etc/os-release": "initrd-release",
    "etc/mtab": "../proc/self/mounts",
    "var/run": "../run",
}
FOLDERS = ("dev", "proc", "run", "sys", "sysroot", "tmp", "var", "root")


def key() -> str:
    """Names the content: another recipe is another initrd."""
    recipe = (PROGRAMS, HELPERS, KMOD, UNITS, WANTED, RULES, FILES, LOADED, RELEASE, LINKS, FOLDERS)
    recipe = (rootfs.key(), qemu_kernel.key(), *recipe)
    return hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]


def initrd(kernel: Kernel, base: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """The compressed archive, made first where it is missing."""
    made = places.CACHE / f"initrd-{key()}"
    if not made.is_dir():
        leftovers.sweep_folders()
        work = places.CACHE / f"building-{os.getpid()}-initrd"
        (work / "made").mkdir(parents=True)
        try:
            say("making the systemd initrd of QEMU machines (once)")
            fill(work / "tree", kernel, base)
            pack(work / "tree", work / "made" / "initrd")
            (work / "made").rename(made)
        except OSError:
            # Another run was quicker; its copy is as good.
            if not made.is_dir():
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return made / "initrd"


def fill(tree: Path, kernel: Kernel, base: Path) -> None:
    """Lay out the initrd as a folder."""
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True)
    systemd = base / "usr/lib/systemd"
    programs = [found for name in PROGRAMS if (found := _program(base, name))]
    helpers = [systemd / name for name in HELPERS if (systemd / name).exists()]
    rules = [base / "usr/lib/udev/rules.d" / name for name in RULES]
    units = [path for name in UNITS if (path := systemd / "system" / name).exists()]
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
    """All that the programs are linked with, and the one that loads them."""
    inside = [f"/{path.relative_to(base)}" for path in programs]
    listing = ["chroot", str(base), "ldd", *inside]
    told = subprocess.run(listing, capture_output=True, text=True, timeout=MAKING_LIMIT).stdout
    names = set(re.findall(r"(?:=> |^\s+)(/\S+)", told, re.MULTILINE))
    # /lib is a link to /usr/lib; a library is wanted below the name that programs ask for.
    return sorted({(base / name[1:]).parent.resolve() / Path(name).name for name in names})


def pack(tree: Path, target: Path) -> None:
    """Pack a folder; lz4, for that is what an emulated processor unpacks fastest."""
    plain = target.with_suffix(".cpio")
    with plain.open("wb") as output:
        archive = Archive(output)
        archive.tree(tree)
        archive.end()
    # The kernel knows lz4's old frame alone.
    command = ["lz4", "-l", "-9", "--quiet", "--force", str(plain), str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=MAKING_LIMIT)
    plain.unlink()
