"""Debian's dnsmasq, kea and nginx with the rendered configurations of all examples."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from harness import pxe_client, pxe_texts
from harness.lab import BRIDGE, Lab, LabError
from harness.pxe_server import ROOT, PxeServer, hooks

pytestmark = pytest.mark.usefixtures("a_lab_can_be_made")

CLIENT = "02:00:00:00:00:99"
#: Architecture and kind of client (see `pxe_client`) to what it is to load.
BOOTS = {
    (0, "pxe"): "bios/undionly.kpxe",
    (7, "pxe"): "efi64/ipxe.efi",
    (9, "pxe"): "efi64/ipxe.efi",
    (16, "http"): "http://10.0.100.10/ipxe/efi64/ipxe.efi",
    (0, "ipxe"): "http://10.0.100.10/boot.ipxe",
    (7, "ipxe"): "http://10.0.100.10/boot.ipxe",
    # Nobody set a loader for Arm: no file, rather than one that it cannot run.
    (11, "pxe"): None,
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made


def example(name: str) -> dict[str, Any]:
    settings = pxe_texts.example(name)
    return {**settings, "keaHooks": hooks()}


def served(lab: Lab, settings: dict[str, Any]) -> PxeServer:
    server = PxeServer(lab, settings, pxe_texts.rendered(settings))
    if tls := settings.get("tls"):
        names = f"subjectAltName=DNS:{tls['name']}"
        server.path(tls["key"]).parent.mkdir(parents=True, exist_ok=True)
        make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
        make += ("-subj", "/CN=tests", "-addext", names)
        server.run(*make, "-keyout", tls["key"], "-out", tls["certificate"])
    return server


def ask(lab: Lab, mac: str, architecture: int, kind: str, *relayed: str) -> dict[str, Any] | None:
    words = (BRIDGE, mac, str(architecture), kind, *relayed)
    return json.loads(lab.run(sys.executable, pxe_client.__file__, *words))


def curl(lab: Lab, *words: str) -> str:
    return lab.run("curl", "--silent", "--show-error", "--max-time", "20", *words)


def join(lab: Lab, address: str = "10.0.100.77/24") -> None:
    """The lab itself as a machine in the provisioning network."""
    lab.run("ip", "addr", "add", address, "dev", BRIDGE)


@pytest.mark.parametrize("name", pxe_texts.names())
def test_the_daemons_accept_every_example(lab: Lab, name: str) -> None:
    served(lab, example(name)).check()


def test_a_daemon_refuses_what_is_wrong(lab: Lab) -> None:
    settings = example("failover")
    server = served(lab, settings)
    for path, (right, wrong) in {
        "etc/dnsmasq.conf": ("enable-tftp", "enable-ftp"),
        "etc/nginx.conf": ("limit_conn ", "limit_con "),
        "etc/kea-dhcp4.conf": ('"subnet4"', '"subnet5"'),
    }.items():
        assert right in server.texts[path]
        server.write(path, server.texts[path].replace(right, wrong))
        with pytest.raises(LabError, match="ended with"):
            server.check()
        server.write(path, server.texts[path])


@pytest.mark.parametrize("name", ["by-mac", "failover"])
def test_firmware_is_told_what_it_can_run(lab: Lab, name: str) -> None:
    settings = example(name)
    # Alone, a standby's partner never answers.
    settings["failover"] = None
    served(lab, settings).start()
    join(lab)
    mac, address = settings["nodes"]["node01"]["mac"], settings["nodes"]["node01"]["address"]
    for (architecture, kind), file in BOOTS.items():
        said = ask(lab, mac, architecture, kind)
        assert said is not None, f"no offer for {architecture} {kind}"
        assert (said["address"], said.get("file")) == (address, file), (architecture, kind)
        if kind == "pxe" and file:
            assert said["next_server"] == "10.0.100.10"
        if kind == "http":
            assert said["vendor_class"] == "HTTPClient"
    stranger = ask(lab, CLIENT, 0, "pxe")
    assert stranger is not None and 100 <= int(str(stranger["address"]).split(".")[3]) <= 200


@pytest.mark.parametrize("name", ["by-mac", "failover"])
def test_firmware_ipxe_and_system_are_one_machine(lab: Lab, name: str) -> None:
    settings = example(name)
    # Alone, a standby's partner never answers.
    settings["failover"] = None
    served(lab, settings).start()
    join(lab)
    mac, address = settings["nodes"]["node01"]["mac"], settings["nodes"]["node01"]["address"]
    # By UUID, by hardware address, by DUID: each says in its own way who it is.
    identifiers = (
        "00" + "42" * 16,
        "01" + mac.replace(":", ""),
        "ff" + "56504d98" + "00020000ab11" + "17" * 8,
    )
    for identifier in identifiers:
        taken = ask(lab, mac, 7, "pxe", "--take", identifier)
        assert taken is not None and taken["address"] == address, (identifier, taken)


def test_options_strangers_and_a_relay(lab: Lab) -> None:
    served(lab, example("custom-dhcp")).start()
    join(lab)
    lab.run("ip", "addr", "add", "10.0.107.1/24", "dev", BRIDGE)
    lab.run("ip", "netns", "exec", "pxe", "ip", "route", "add", "10.0.107.0/24", "dev", "eth1")
    near = ask(lab, "52:54:00:00:03:01", 7, "pxe")
    assert near is not None and near["address"] == "10.0.100.50"
    assert (near["ntp"], near["dns"], near["hostname"]) == ("10.0.100.2", "10.0.100.2", "node01")
    far = ask(lab, "52:54:00:00:03:71", 7, "ipxe", "10.0.107.1", "10.0.100.10")
    assert far is not None
    assert (far["address"], far["router"]) == ("10.0.107.50", "10.0.107.1")
    assert far["file"] == "http://10.0.100.10/boot.ipxe"
    assert ask(lab, CLIENT, 7, "pxe") is None


def test_http(lab: Lab) -> None:
    settings = example("production")
    server = served(lab, settings)
    image = bytes(range(256)) * 4096
    server.write("/var/lib/pxe-boot/http/images/worker/initrd", image)
    server.start()
    join(lab, "10.0.100.5/24")
    url = "http://10.0.100.10"
    assert curl(lab, "--fail", f"{url}/health") == "ok\n"
    head = curl(lab, "--head", f"{url}/boot.ipxe")
    assert "200 OK" in head and "Cache-Control: no-store" in head
    head = curl(lab, "--head", f"{url}/images/worker/initrd")
    assert "Cache-Control: public, max-age=604800" in head and "Accept-Ranges: bytes" in head
    part = curl(lab, "--include", "--range", "65-67", f"{url}/images/worker/initrd")
    assert "206 Partial Content" in part and part.endswith("ABC")
    own = curl(lab, "--fail", f"{url}/nodes/52-54-00-00-08-01.ipxe")
    assert own == server.texts["http/nodes/52-54-00-00-08-01.ipxe"]
    unknown = curl(lab, "--fail", f"{url}/nodes/02-00-00-00-00-99.ipxe")
    assert unknown == server.texts["http/nodes/unknown.ipxe"]
    assert "52-54-00-00-08-01.ipxe" in curl(lab, "--fail", f"{url}/nodes/")
    assert "404" in curl(lab, "--head", f"{url}/images/worker/bzImage")
    assert "Active connections" in curl(lab, "--fail", f"{url}/status")
    log = [json.loads(line) for line in server.path("/var/log/nginx/pxe.log").open()]
    assert any(entry["request"].startswith("GET /nodes/52-54") for entry in log)


def test_only_so_many_images_at_once(lab: Lab) -> None:
    settings = {**example("single-subnet"), "http": {"concurrentTransfers": 1, "rate": "100k"}}
    server = served(lab, settings)
    server.write("/var/lib/pxe-boot/http/images/worker/initrd", bytes(4 << 20))
    server.start()
    join(lab)
    url = "http://10.0.100.10/images/worker/initrd"
    # The first takes forty seconds, and is cut off; the second is told to come again.
    script = (
        f"curl --silent --max-time 5 --output /dev/null {url} & "
        f"for look in $(seq 50); do "
        f"code=$(curl --silent --max-time 1 --output /dev/null --write-out '%{{http_code}}' {url});"
        f' [ "$code" != 503 ] || break; done; echo $code; kill %1 2>/dev/null; wait'
    )
    assert lab.run("bash", "-c", script).strip() == "503"
    assert curl(lab, "--fail", "http://10.0.100.10/health") == "ok\n"


def test_https(lab: Lab) -> None:
    settings = example("https")
    server = served(lab, settings)
    server.write("/var/lib/pxe-boot/http/ipxe/efi64/ipxe.efi", "MZ")
    server.start()
    join(lab)
    authority = f"{ROOT}{settings['tls']['certificate']}"
    trust = ("--cacert", authority, "--resolve", "pxe.example.com:443:10.0.100.10")
    got = curl(lab, "--fail", *trust, "https://pxe.example.com/boot.ipxe")
    assert got == server.texts["http/boot.ipxe"]
    plain = "http://10.0.100.10"
    moved = curl(lab, "--head", f"{plain}/boot.ipxe")
    assert "301" in moved and "Location: https://pxe.example.com/boot.ipxe" in moved
    assert curl(lab, "--fail", f"{plain}/ipxe/efi64/ipxe.efi") == "MZ"
    assert curl(lab, "--fail", f"{plain}/health") == "ok\n"
    with pytest.raises(LabError):
        curl(lab, "--fail", *trust[2:], "https://pxe.example.com/boot.ipxe")
