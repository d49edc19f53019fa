"""The kernel and the small initrd of QEMU machines, made once and kept.

Both come from Debian packages: its cloud kernel, and a static busybox whose only
work is to load the virtio drivers and hand over to the disk. Nothing of this project
is in them. Must not know what a machine is: see `qemu_node`.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import ending, leftovers, places
from .rootfs import SUITE

PACKAGES = ("linux-image-cloud-amd64", "busybox-static")
#: In the order of loading: whoever is needed comes first. No module is on the disk.
MODULES = (
    *("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci"),
    *("virtio_blk", "virtio_console", "failover", "net_failover", "virtio_net"),
)
#: Where the root file system is, and its file system; ext4 is built into the kernel.
DISK = "/dev/vda"
#: A download and an unpacking of 170 MB; generous for a slow mirror.
MAKING_LIMIT = 600.0

INIT = f"""#!/bin/busybox sh
# The first process: drivers, the disk, and the real systemd. What fails here is on the console.
/bin/busybox mount -t devtmpfs dev /dev
for module in {" ".join(MODULES)}; do
  [ ! -e /modules/$module.ko ] || /bin/busybox insmod /modules/$module.ko
done
/bin/busybox mount -t ext4 {DISK} /root || exec /bin/busybox poweroff -f
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
"""


@dataclass(frozen=True)
class Kernel:
    """What `-kernel` and `-initrd` take."""

    image: Path
    initrd: Path


def key() -> str:
    """Names the content: another recipe is another kernel or initrd."""
    return hashlib.sha256(repr((SUITE, PACKAGES, MODULES, INIT)).encode()).hexdigest()[:12]


def kernel(say: Callable[[str], None] = lambda _: None) -> Kernel:
    """Kernel and initrd, made first where they are missing."""
    made = places.CACHE / f"kernel-{key()}"
    if not made.is_dir():
        leftovers.sweep_folders()
        work = places.CACHE / f"building-{os.getpid()}-kernel"
        work.mkdir(parents=True)
        try:
            say(f"making the kernel of QEMU machines ({SUITE}; once)")
            _make(work)
            (work / "made").rename(made)
        except OSError:
            # Another run was quicker; its copy is as good.
            if not made.is_dir():
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return Kernel(made / "vmlinuz", made / "initrd")


def _make(work: Path) -> None:
    unpacked, made = work / "unpacked", work / "made"
    unpack = [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(PACKAGES)}"),
        *(SUITE, str(unpacked)),
    ]
    _run(unpack, {"TMPDIR": str(work)})
    made.mkdir()
    (image,) = (unpacked / "boot").glob("vmlinuz-*")
    shutil.copyfile(image, made / "vmlinuz")
    busybox = next(path for path in unpacked.glob("**/bin/busybox") if not path.is_symlink())
    tree = work / "tree"
    for folder in ("bin", "dev", "modules", "root"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(busybox, tree / "bin" / "busybox")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    for module in MODULES:
        _copy_module(unpacked, module, tree / "modules" / f"{module}.ko")
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with (made / "initrd").open("wb") as archive:
        packing = [str(tree / "bin" / "busybox"), "cpio", "-o", "-H", "newc"]
        subprocess.run(
            packing, cwd=tree, input=names.encode(), stdout=archive, stderr=subprocess.PIPE,
            check=True, timeout=MAKING_LIMIT,
        )  # fmt: skip


def _copy_module(unpacked: Path, name: str, target: Path) -> None:
    """Copy a module, unpacked; one that is built in needs none."""
    # Below /lib or /usr/lib, as the suite has it.
    built_in = next(unpacked.glob("**/modules.builtin"))
    spelled = (name, name.replace("_", "-"))
    for path in (found for word in spelled for found in built_in.parent.rglob(f"{word}.ko*")):
        packed = path.read_bytes()
        target.write_bytes(lzma.decompress(packed) if path.suffix == ".xz" else packed)
        return
    if f"/{name}.ko\n" not in built_in.read_text():
        raise RuntimeError(f"the kernel of {SUITE} has no module {name}: look at MODULES")


def _run(command: list[str], environment: dict[str, str]) -> None:
    making = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = making.communicate(timeout=MAKING_LIMIT)
    except BaseException:
        ending.end(making)
        raise
    if making.returncode != 0:
        raise RuntimeError(f"mmdebstrap failed; is the Debian mirror reachable?\n{said}")
