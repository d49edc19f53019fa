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
BIOS, EFI64 = "bios/undionly.kpxe", "efi64/ipxe.efi"
EFI64_HTTP = "http://10.0.100.10/ipxe/efi64/ipxe.efi"
#: Architecture and kind of client (see `pxe_client`) to what it is to load.
BOOTS = {
    ("0", "pxe"): BIOS,
    ("7", "pxe"): EFI64,
    ("9", "pxe"): EFI64,
    ("16", "http"): EFI64_HTTP,
    ("0", "ipxe"): "http://10.0.100.10/boot.ipxe",
    ("7", "ipxe"): "http://10.0.100.10/boot.ipxe",
    # Nobody set a loader for Arm: no file, rather than one that it cannot run.
    ("11", "pxe"): None,
}
#: Architectures, vendor class (None: as firmware says it), what is to be loaded.
ODD_FIRMWARE = (
    # Several, the first of which counts; how it loads is for the vendor class to say.
    ("7,16", "PXEClient:Arch:00007", EFI64),
    ("16,7", "PXEClient:Arch:00016", EFI64),
    ("7,16", "HTTPClient:Arch:00016", EFI64_HTTP),
    ("16,7", "HTTPClient:Arch:00016", EFI64_HTTP),
    ("0,7", "PXEClient:Arch:00000", BIOS),
    ("7,0", "PXEClient:Arch:00007", EFI64),
    ("30,31,9", "PXEClient:Arch:00030", EFI64),
    ("11,6,7", "PXEClient:Arch:00011", EFI64),
    # None at all.
    ("-", "PXEClient:Arch:00007:UNDI:003016", EFI64),
    ("-", "PXEClient:Arch:00000:UNDI:002001", BIOS),
    ("-", "HTTPClient:Arch:00016:UNDI:003001", EFI64_HTTP),
    ("-", "PXEClient", None),
    ("-", "", None),
    # No vendor class.
    ("7", "", EFI64),
    ("16", "", EFI64_HTTP),
    # One that contradicts, and one of the other kind.
    ("7", "PXEClient:Arch:00000", EFI64),
    ("16", "PXEClient:Arch:00016", EFI64),
    ("7", "HTTPClient:Arch:00007", EFI64_HTTP),
    # No loader: 32-bit and Arm UEFI, by either way, and unknown ones.
    ("6", "PXEClient:Arch:00006", None),
    ("15", "HTTPClient:Arch:00015", None),
    ("11", "PXEClient:Arch:00011", None),
    ("19", "HTTPClient:Arch:00019", None),
    ("-", "PXEClient:Arch:00011", None),
    ("39", "PXEClient:Arch:00039", None),
)
#: What dnsmasq, or another daemon, reads as a word of its own where a name is meant.
WORDS = (
    *("ignore", "infinite", "12h", "1d", "5s", "60m", "1w", "dead", "beef", "0d0d", "1a"),
    *("set", "tag", "id", "net", "known", "all", "any", "default", "static", "proxy", "null"),
    *("ipxe", "http", "menu", "shell", "exit", "true", "10-0-0-1"),
)


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
        server.make_certificate(tls)
    return server


def ask(lab: Lab, mac: str, architecture: str, kind: str, *more: str) -> dict[str, Any] | None:
    words = (BRIDGE, mac, architecture, kind, *more)
    return json.loads(lab.run(sys.executable, pxe_client.__file__, *words))


def curl(lab: Lab, *words: str) -> str:
    return lab.run("curl", "--silent", "--show-error", "--max-time", "300", *words)


def join(lab: Lab, address: str = "10.0.100.77/24") -> None:
    """The lab itself as a machine in the provisioning network."""
    lab.run("ip", "addr", "add", address, "dev", BRIDGE)


@pytest.mark.parametrize("name", pxe_texts.names())
def test_the_daemons_accept_every_example(lab: Lab, name: str) -> None:
    served(lab, example(name)).check()


@pytest.mark.parametrize("backend", ["dnsmasq", "kea"])
def test_options_that_pass_are_what_the_daemons_accept(lab: Lab, backend: str) -> None:
    settings = {**example("single-subnet"), "dhcp": {"backend": backend}}
    # Defined for an address, a number and a name; then bytes, also where kea defines nothing.
    options = {"42": "10.0.100.2", "26": "9000", "119": "example.com", "43": "01:04:0a:ff"}
    options |= {"121": "08:0a:0a:00:64:01", "224": "01:0a:ff", "254": "01:0a:ff"}
    settings["subnets"]["provisioning"]["options"] = options
    server = served(lab, settings)
    server.check()
    server.start()
    join(lab)
    said = ask(lab, CLIENT, "7", "pxe")
    assert said is not None and said.get("ntp") == "10.0.100.2"


def test_rates_and_paths_that_pass_are_what_the_daemons_accept(lab: Lab) -> None:
    settings = example("https")
    settings["tls"] |= {"certificate": "/root/.acme.sh/pxe.cer", "key": "/root/.acme.sh/pxe.key"}
    settings["tftp"] = {"root": "/var/lib/pxe-boot/tftp/"}
    http = {"root": "/var/lib/pxe-boot/http/"}
    server = served(lab, settings)
    for rate in ("1", "500k", "10K", "50m", "10M", "9999999999m"):
        texts = pxe_texts.rendered({**settings, "http": {**http, "rate": rate}})
        server.write("etc/nginx.conf", texts["etc/nginx.conf"])
        server.check()
    server.install_loaders()
    server.start()
    join(lab)
    start = "http://10.0.100.10/start.ipxe"
    assert curl(lab, "--fail", start) == server.texts["http/start.ipxe"]
    # It fails where the file is not found.
    curl(lab, "--output", "/dev/null", "tftp://10.0.100.10/bios/undionly.kpxe")


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
def test_firmware_is_offered_what_it_can_run(lab: Lab, name: str) -> None:
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
    stranger = ask(lab, CLIENT, "0", "pxe")
    assert stranger is not None and 100 <= int(str(stranger["address"]).split(".")[3]) <= 200


@pytest.mark.parametrize("backend", ["dnsmasq", "kea"])
def test_f23_firmware_is_known_by_a_list_or_by_its_class_alone(lab: Lab, backend: str) -> None:
    served(lab, {**example("single-subnet"), "dhcp": {"backend": backend}}).start()
    join(lab)
    for architectures, name, file in ODD_FIRMWARE:
        kind = "http" if name.startswith("HTTPClient") else "pxe"
        said = ask(lab, CLIENT, architectures, kind, "--vendor-class", name)
        assert said is not None, f"no offer for {architectures} {name}"
        assert said.get("file") == file, (architectures, name)
        # UEFI's HTTP client would not listen without it, and PXE must not hear it.
        by_http = file is not None and file.startswith("http:")
        assert (said.get("vendor_class") == "HTTPClient") == by_http, (architectures, name)


@pytest.mark.parametrize("backend", ["dnsmasq", "kea"])
def test_f18_an_ipxe_without_https_gets_the_servers_own_first(lab: Lab, backend: str) -> None:
    served(lab, {**example("https"), "dhcp": {"backend": backend}}).start()
    join(lab)
    start, https = "http://10.0.100.10/start.ipxe", "140101"
    # NIC, version, DNS, TFTP, HTTP: none of their bytes is 0x14.
    plain = "b1050110ec8139" "eb03010000" "170101" "150101" "130101"
    for architecture, features, file in (
        ("0", plain, BIOS),
        ("7", plain, EFI64),
        ("7", "", EFI64),
        ("7", plain + https, start),
        ("0", https + plain, start),
        ("7", plain + https + "160101" * 12, start),
        # Nobody set a loader for Arm; the script says what is missing.
        ("11", plain, start),
    ):
        said = ask(lab, CLIENT, architecture, "ipxe", "--features", features)
        assert said is not None and said.get("file") == file, (architecture, features, said)
        assert said["next_server"] == "10.0.100.10"
    # A NIC of Broadcom's has that byte in its number: kea looks closer, the script helps.
    said = ask(lab, CLIENT, "7", "ipxe")
    assert said is not None and said["file"] == {"dnsmasq": start, "kea": EFI64}[backend]


@pytest.mark.parametrize("backend", ["dnsmasq", "kea"])
def test_f06_a_name_that_is_a_word_of_the_daemons_is_a_name(lab: Lab, backend: str) -> None:
    settings = {**example("single-subnet"), "dhcp": {"backend": backend}}
    nodes = {
        word: {
            "mac": f"52:54:00:00:06:{number:02x}",
            "profile": "worker",
            "address": f"10.0.100.{20 + number}",
        }
        for number, word in enumerate(WORDS)
    }
    server = served(lab, {**settings, "nodes": nodes})
    server.check()
    server.start()
    join(lab)
    for word, node in nodes.items():
        said = ask(lab, str(node["mac"]), "7", "pxe")
        assert said is not None, f"no offer for a node called {word}"
        found = (said.get("hostname"), said["address"], said["lease"], said.get("file"))
        assert found == (word, node["address"], 43200, EFI64)
        script = server.texts[f"http/nodes/{str(node['mac']).replace(':', '-')}.ipxe"]
        assert f"set hostname {word}\n" in script


def test_f06_a_subnet_and_an_interface_may_have_the_names_of_tags(lab: Lab) -> None:
    settings = example("custom-dhcp")
    subnet = settings["subnets"]["provisioning"]
    # dnsmasq makes a tag of each NIC's name; those of requests are not to be mistaken for them.
    settings["subnets"] = {"ipxe": {**subnet, "interface": "http"}}
    node = next(iter(settings["nodes"].values()))
    settings["nodes"] = {"node01": node}
    served(lab, settings).start()
    join(lab)
    # Only nodes that are listed are answered, and firmware is no iPXE.
    said = ask(lab, node["mac"], "7", "pxe")
    assert said is not None and said.get("file") == EFI64
    assert ask(lab, CLIENT, "7", "pxe", "--limit", "10") is None


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
        taken = ask(lab, mac, "7", "pxe", "--take", identifier)
        assert taken is not None and taken["address"] == address, (identifier, taken)


def test_options_strangers_and_a_relay(lab: Lab) -> None:
    served(lab, example("custom-dhcp")).start()
    join(lab)
    lab.run("ip", "addr", "add", "10.0.107.1/24", "dev", BRIDGE)
    lab.run("ip", "netns", "exec", "pxe", "ip", "route", "add", "10.0.107.0/24", "dev", "eth1")
    near = ask(lab, "52:54:00:00:03:01", "7", "pxe")
    assert near is not None and near["address"] == "10.0.100.50"
    assert (near["ntp"], near["dns"], near["hostname"]) == ("10.0.100.2", "10.0.100.2", "node01")
    far = ask(lab, "52:54:00:00:03:71", "7", "ipxe", "10.0.107.1", "10.0.100.10")
    assert far is not None
    assert (far["address"], far["router"]) == ("10.0.107.50", "10.0.107.1")
    assert far["file"] == "http://10.0.100.10/boot.ipxe"
    assert ask(lab, CLIENT, "7", "pxe", "--limit", "10") is None


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
    # The second asks when the first has its first byte; the first, of forty seconds, ends with it.
    first = f"curl --silent --max-time 300 {url}"
    second = f"curl --silent --max-time 300 --output /dev/null --write-out '%{{http_code}}' {url}"
    script = f"{first} | {{ head --bytes=1 >/dev/null; {second}; }}"
    assert lab.run("bash", "-c", script) == "503"
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
    start = curl(lab, "--fail", f"{plain}/start.ipxe")
    assert start == server.texts["http/start.ipxe"]
    assert "chain --autofree https://pxe.example.com/boot.ipxe" in start
    assert curl(lab, "--fail", f"{plain}/health") == "ok\n"
    with pytest.raises(LabError):
        curl(lab, "--fail", *trust[2:], "https://pxe.example.com/boot.ipxe")
