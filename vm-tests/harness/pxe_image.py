"""A netboot image for a PXE server to serve, laid out as NixOS builds one.

Kernel, initrd and the iPXE script that goes with them: the script knows the image, and
takes what the server adds from `cmdline`. The initrd is the one of all QEMU machines, with
the agent's stage and a whole root file system in it. Must not know who boots it.
"""

from __future__ import annotations

from . import places, qemu_additions, qemu_initrd, qemu_kernel, qemu_netboot, rootfs
from .blueprint import node_from
from .cpio import Archive
from .pxe_server import PxeServer
from .qemu_command import TIMERS

#: As nixpkgs writes it for an image, with what the emulation and the tests' units need.
SCRIPT = f"""#!ipxe
kernel bzImage init=/sbin/init initrd=initrd loglevel=5 {TIMERS} net.ifnames=0 \
systemd.show_status=1 systemd.log_color=0 ${{cmdline}}
initrd initrd
boot
"""


def install(server: PxeServer, profile: str, address: str, hosts: str, ca: bytes) -> None:
    """Put the image of a profile where the server looks for it.

    Its NIC gets `address`; it knows `hosts` instead of a DNS, and trusts `ca`.
    """
    folder = f"/var/lib/pxe-boot/http/images/{profile}"
    kernel = qemu_kernel.kernel()
    server.write(f"{folder}/netboot.ipxe", SCRIPT)
    server.write(f"{folder}/bzImage", kernel.image.read_bytes())
    hardware = {"boot": "netboot", "initrd": {"agent": True, "network": True}}
    node = node_from("node01", {"address": address, "hardware": hardware})
    base = rootfs.base(print)
    packed = places.LAB / qemu_netboot.ROOT
    qemu_netboot.pack(server.lab, base, packed)
    with server.path(f"{folder}/initrd").open("wb") as output:
        output.write(qemu_initrd.initrd(kernel, base).read_bytes())
        qemu_additions.write(output, node, hosts.encode(), ca)
        archive = Archive(output)
        qemu_netboot.add(archive, server.lab.path(packed).read_bytes())
        archive.end()
