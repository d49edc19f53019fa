"""The kernel of QEMU machines, its modules and the small initrd, made once and kept.

All come from Debian packages: its cloud kernel, and a static busybox whose only work is
to load the virtio drivers and hand over to the disk. Nothing of this project is in them.
Must not know what a machine is (see `qemu_node`), nor what else an initrd can be (see
`qemu_initrd`).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import qemu_modules
from .made_once import FROZEN, MIRROR, made_once, run
from .rootfs import SUITE

#: The library is what later depmod reads packed modules with; no package asks for it.
PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "liblzma5")
#: In the order of loading: what others need comes first. No module is on the disk.
MODULES = (
    *("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci"),
    *("virtio_blk", "virtio_console", "failover", "net_failover", "virtio_net"),
)
#: Further ones that an initrd with systemd may load by itself, with all that they need.
OPTIONAL = (
    *("vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8", "qemu_fw_cfg"),
    *("loop", "overlay", "squashfs"),
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
    """What `-kernel` and `-initrd` take, and the modules for another initrd."""

    image: Path
    initrd: Path
    #: What belongs below /usr/lib/modules.
    modules: Path


def key() -> str:
    """Names the content: another recipe is another kernel or initrd."""
    recipe = repr((SUITE, PACKAGES, MODULES, OPTIONAL, INIT))
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def kernel(say: Callable[[str], None] = lambda _: None) -> Kernel:
    """Kernel and initrd, made first where they are missing."""

    def make(work: Path) -> Path:
        """Say so first: it takes a while."""
        say(f"making the kernel of QEMU machines ({SUITE}; once)")
        return _make(work)

    made = made_once(f"kernel-{key()}", make)
    return Kernel(made / "vmlinuz", made / "initrd", made / "modules")


def merge_usr(unpacked: Path) -> None:
    """The links to /usr that programs expect; from Debian 13 on they are no kernel's dependency."""
    for name in ("bin", "sbin", "lib", "lib64"):
        if not (unpacked / name).exists() and (unpacked / "usr" / name).is_dir():
            (unpacked / name).symlink_to(f"usr/{name}")


def _make(work: Path) -> Path:
    unpacked, made = work / "unpacked", work / "made"
    unpack = [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--variant=extract", f"--include={','.join(PACKAGES)}"),
        *(*FROZEN, SUITE, str(unpacked)),
    ]
    run(unpack, MIRROR, MAKING_LIMIT, {"TMPDIR": str(work)})
    made.mkdir()
    merge_usr(unpacked)
    # In /boot up to Debian 13, beside the modules later.
    (image,) = [*unpacked.glob("boot/vmlinuz-*"), *unpacked.glob("usr/lib/modules/*/vmlinuz")]
    shutil.copyfile(image, made / "vmlinuz")
    busybox = next(path for path in unpacked.glob("**/bin/busybox") if not path.is_symlink())
    tree = work / "tree"
    for folder in ("bin", "dev", "modules", "root"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(busybox, tree / "bin" / "busybox")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    for module in MODULES:
        if (found := qemu_modules.find(unpacked, module)) is not None:
            qemu_modules.unpack(found, tree / "modules" / f"{module}.ko")
    qemu_modules.collect(unpacked, [*MODULES, *OPTIONAL], made / "modules")
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    with (made / "initrd").open("wb") as archive:
        packing = [str(tree / "bin" / "busybox"), "cpio", "-o", "-H", "newc"]
        subprocess.run(
            packing, cwd=tree, input=names.encode(), stdout=archive, stderr=subprocess.PIPE,
            check=True, timeout=MAKING_LIMIT,
        )  # fmt: skip

    return made
