"""Machines with an empty disk boot from the network, by rendered configurations alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import pxe_image, pxe_texts, qemu_kernel
from harness.lab import Lab
from harness.pxe_machine import PxeMachine
from harness.pxe_server import PxeServer, hooks

pytestmark = pytest.mark.usefixtures("an_image_can_be_made")

STRANGER = "52:54:00:00:99:99"


def settings_of(name: str, **changed: Any) -> dict[str, Any]:
    return {**pxe_texts.example(name), "keaHooks": hooks(), **changed}


def started(lab: Lab, settings: dict[str, Any]) -> PxeServer:
    server = PxeServer(lab, settings, pxe_texts.rendered(settings))
    server.install_loaders()
    server.start()
    return server


def fetched(server: PxeServer) -> list[str]:
    """What was asked of nginx, in order."""
    log = server.path("/var/log/nginx/pxe.log").read_text().splitlines()
    return [json.loads(line)["request"].split()[1] for line in log]


@pytest.mark.parametrize(
    ("firmware", "backend"), [("bios", "dnsmasq"), ("uefi", "dnsmasq"), ("uefi", "kea")]
)
def test_a_node_reaches_the_agents_stage(firmware: str, backend: str) -> None:
    settings = settings_of("by-mac", dhcp={"backend": backend})
    node = settings["nodes"]["node01"]
    node["kernelParameters"] = ["first_boot.timeout=5s"]
    with Lab() as lab:
        server = started(lab, settings)
        pxe_image.install(server, node["profile"], node["address"])
        machine = PxeMachine(lab, "node01", node["mac"], uefi=firmware == "uefi")
        machine.power_on()
        machine.wait_for_console("node01 boots the profile control-plane")
        machine.wait_for_console("Linux version")
        # The stage runs, and looks where this node's script has told it to look.
        machine.wait_for_journal(f"Cannot fetch {node['configUrl']}")
        scripts = ["boot.ipxe", "nodes/52-54-00-00-01-01.ipxe", "profiles/control-plane.ipxe"]
        files = ["netboot.ipxe", "bzImage", "initrd"]
        asked = [f"/{path}" for path in scripts]
        asked += [f"/images/control-plane/{name}" for name in files]
        assert fetched(server) == asked
        assert ("efi64/ipxe.efi to" in server.log) == (firmware == "uefi")


def test_a_stranger_gets_the_menu_and_tries_until_the_image_is_there() -> None:
    settings = settings_of("development", dhcp={"mode": "server"})
    addresses = {"start": "192.168.1.100", "end": "192.168.1.200"}
    settings["subnets"]["home"]["range"] = addresses
    with Lab() as lab:
        server = started(lab, settings)
        machine = PxeMachine(lab, "stranger", STRANGER, uefi=False)
        machine.power_on()
        machine.wait_for_console("No node has the MAC address 52:54:00:00:99:99")
        machine.wait_for_console("Next try in 2 s")
        folder = "/var/lib/pxe-boot/http/images/experiment"
        kernel = qemu_kernel.kernel()
        server.write(f"{folder}/initrd", kernel.initrd.read_bytes())
        server.write(f"{folder}/bzImage", kernel.image.read_bytes())
        machine.wait_for_console("systemd.log_level=debug rd.systemd.debug_shell")
