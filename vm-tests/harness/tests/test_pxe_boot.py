"""Machines with an empty disk boot from the network, by rendered configurations alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import Any

import pytest

from harness import product, pxe_image, pxe_texts, qemu_kernel, waiting
from harness.lab import Lab
from harness.pxe_machine import BOOT_LIMIT, PxeMachine
from harness.pxe_server import PxeServer, hooks, loader
from harness.waiting import WATCHDOG

pytestmark = pytest.mark.usefixtures("an_image_can_be_made")

STRANGER = "52:54:00:00:99:99"
#: What hands out configurations is no part of the PXE server: a plain HTTPS server.
DEPLOY = """
events {}
pid /run/deploy.pid;
http {
  server {
    listen 443 ssl;
    ssl_certificate /etc/deploy.crt;
    ssl_certificate_key /etc/deploy.key;
    root /var/lib/deploy;
  }
}
"""
#: No extension that nobody asked for: a certificate that is its own CA.
REQUEST = "[req]\ndistinguished_name = name\n[name]\n"


def settings_of(name: str, **changed: Any) -> dict[str, Any]:
    return {**pxe_texts.example(name), "keaHooks": hooks(), **changed}


def started(lab: Lab, settings: dict[str, Any]) -> PxeServer:
    server = PxeServer(lab, settings, pxe_texts.rendered(settings))
    server.install_loaders()
    if tls := settings.get("tls"):
        server.make_certificate(tls)
    server.start()
    return server


def deploy(server: PxeServer, path: str, config: str) -> bytes:
    """Serve a configuration as deploy.example.com; returns the CA certificate to trust."""
    server.write("/etc/deploy.conf", DEPLOY)
    server.write("/etc/request.conf", REQUEST)
    server.write(f"/var/lib/deploy/{path}", config)
    make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-config")
    make += ("/etc/request.conf", "-subj", "/CN=tests", "-days", "2")
    make += ("-addext", "subjectAltName=DNS:deploy.example.com")
    server.run(*make, "-keyout", "/etc/deploy.key", "-out", "/etc/deploy.crt")
    server.start_program("nginx", "-g", "daemon off;", "-c", "/etc/deploy.conf")
    return server.path("/etc/deploy.crt").read_bytes()


def fetched(server: PxeServer) -> list[str]:
    """What was asked of nginx, in order."""
    log = server.path("/var/log/nginx/pxe.log").read_text().splitlines()
    return [json.loads(line)["request"].split()[1] for line in log]


def example_config(kind: str) -> str:
    command = [str(product.agent()), "config", "example", kind]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=WATCHDOG)
    return told.stdout


@pytest.mark.parametrize(
    ("firmware", "backend"), [("bios", "dnsmasq"), ("uefi", "dnsmasq"), ("uefi", "kea")]
)
def test_a_node_reaches_the_agents_stage(firmware: str, backend: str) -> None:
    settings = settings_of("by-mac", dhcp={"backend": backend})
    node = settings["nodes"]["node01"]
    config = example_config("join")
    # Our image knows the CA, which no installer does.
    node["configUrl"] = "https://deploy.example.com/node01/cluster-config.json"
    node["configSha256"] = hashlib.sha256(config.encode()).hexdigest()
    with Lab() as lab:
        server = started(lab, settings)
        authority = deploy(server, "node01/cluster-config.json", config)
        hosts = f"{settings['serverAddress']} deploy.example.com\n"
        pxe_image.install(server, node["profile"], node["address"], hosts, authority)
        machine = PxeMachine(lab, "node01", node["mac"], uefi=firmware == "uefi")
        machine.power_on()
        machine.wait_for_console("node01 boots the profile control-plane")
        machine.wait_for_console("first-boot-initrd.service")
        # The stage runs, knows that there is no disk to use, and finds the URL that the script of
        # this node has given it.
        machine.wait_for_journal("found: https://deploy.example.com:443/node01/")
        assert f"sha256:{node['configSha256']}" in machine.journal
        machine.wait_for_journal("Started first-boot-initrd.service")
        assert "This is a boot from memory" in machine.journal
        scripts = ["boot.ipxe", "nodes/52-54-00-00-01-01.ipxe", "profiles/control-plane.ipxe"]
        files = ["netboot.ipxe", "bzImage", "initrd"]
        asked = [f"/{path}" for path in scripts]
        asked += [f"/images/control-plane/{name}" for name in files]
        assert fetched(server) == asked
        assert ("efi64/ipxe.efi to" in server.log) == (firmware == "uefi")


def test_a_bios_loads_ipxe_over_tftp() -> None:
    settings = settings_of("by-mac")
    # QEMU's NICs have no ROM but iPXE's, which needs no loader. So the command line has it load
    # what `test_pxe_daemons` sees offered to other firmware.
    chain = "dhcp && chain tftp://${next-server}/bios/undionly.kpxe"
    stands_in = ("-kernel", str(loader("ipxe.lkrn")), "-append", chain)
    with Lab() as lab:
        server = started(lab, settings)
        mac = settings["nodes"]["node01"]["mac"]
        machine = PxeMachine(lab, "node01", mac, uefi=False, further=stands_in)
        machine.power_on()
        machine.wait_for_console("node01 boots the profile control-plane")
        assert "sent /var/lib/pxe-boot/tftp/bios/undionly.kpxe to 10.0.100.50" in server.log


def test_f18_a_real_ipxe_without_https_loads_the_servers_own() -> None:
    # Debian's iPXE has no HTTPS, in the ROM of a NIC and as the loader; kea looks into its option.
    settings = settings_of("https", dhcp={"backend": "kea"})
    with Lab() as lab:
        server = started(lab, settings)
        mac = settings["nodes"]["node01"]["mac"]
        machine = PxeMachine(lab, "node01", mac, uefi=False)
        machine.power_on()
        loader_sent = "sent /var/lib/pxe-boot/tftp/bios/undionly.kpxe to 10.0.100.50"
        waiting.until(lambda: loader_sent in server.log, BOOT_LIMIT, "iPXE asks for its loader")
        assert "https:" not in machine.console


def test_f18_an_ipxe_that_cannot_go_on_over_https_says_so_and_loads_the_servers_own() -> None:
    settings = settings_of("https")
    # What an iPXE does that can HTTPS, and does not trust this server.
    chain = "dhcp && chain http://${next-server}/start.ipxe"
    stands_in = ("-kernel", str(loader("ipxe.lkrn")), "-append", chain)
    with Lab() as lab:
        server = started(lab, settings)
        mac = settings["nodes"]["node01"]["mac"]
        machine = PxeMachine(lab, "node01", mac, uefi=False, further=stands_in)
        machine.power_on()
        machine.wait_for_console("This iPXE cannot go on over HTTPS; the line above says why")
        assert "Operation not supported" in machine.console
        loader_sent = "sent /var/lib/pxe-boot/tftp/bios/undionly.kpxe to 10.0.100.50"
        waiting.until(lambda: loader_sent in server.log, BOOT_LIMIT, "the script loads iPXE")
        assert fetched(server)[0] == "/start.ipxe"


def test_uefi_boots_over_http_alone() -> None:
    # As in a firmware's setup: else it tries TFTP's way first, over IPv6 for a minute.
    switches = [f"name=opt/org.tianocore/{way}PXESupport,string=no" for way in ("IPv4", "IPv6")]
    without_tftp = tuple(word for switch in switches for word in ("-fw_cfg", switch))
    settings = settings_of("by-mac")
    with Lab() as lab:
        server = started(lab, settings)
        machine = PxeMachine(lab, "node01", settings["nodes"]["node01"]["mac"], True, without_tftp)
        machine.power_on()
        machine.wait_for_console("node01 boots the profile control-plane")
        assert fetched(server)[0] == "/ipxe/efi64/ipxe.efi"
        assert "ipxe.efi to" not in server.log


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
