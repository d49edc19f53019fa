"""A netboot image for a PXE server to serve, laid out as NixOS builds one.

Kernel, initrd and the iPXE script that goes with them: the script knows the image, and
takes what the server adds from `cmdline`. The initrd is the one of all QEMU machines, with
the agent's stage in it. Must not know who boots it.
"""

from __future__ import annotations

from pathlib import Path

from . import qemu_additions, qemu_initrd, qemu_kernel, rootfs
from .blueprint import node_from
from .pxe_server import PxeServer
from .qemu_command import TIMERS

#: As nixpkgs writes it for an image, with what the emulation and the tests' units need.
SCRIPT = f"""#!ipxe
kernel bzImage init=/sbin/init initrd=initrd loglevel=5 {TIMERS} net.ifnames=0 \
systemd.show_status=1 systemd.log_color=0 ${{cmdline}}
initrd initrd
boot
"""


def install(server: PxeServer, profile: str, address: str) -> None:
    """Put the image of a profile where the server looks for it; its card gets `address`."""
    folder = f"/var/lib/pxe-boot/http/images/{profile}"
    kernel = qemu_kernel.kernel()
    server.write(f"{folder}/netboot.ipxe", SCRIPT)
    server.write(f"{folder}/bzImage", kernel.image.read_bytes())
    initrd = server.path(f"{folder}/initrd")
    _write_initrd(initrd, qemu_initrd.initrd(kernel, rootfs.base(print)), address)


def _write_initrd(path: Path, shared: Path, address: str) -> None:
    inside = {"agent": True, "network": True}
    hardware = {"boot": "netboot", "initrd": inside}
    node = node_from("node01", {"address": address, "hardware": hardware})
    with path.open("wb") as output:
        output.write(shared.read_bytes())
        qemu_additions.write(output, node, "127.0.0.1 localhost\n")
