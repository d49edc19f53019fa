"""A PXE server in a lab: Debian's daemons, started with the rendered configuration.

The packages are unpacked beside the system, so the host gets no services. The server has
an overlay of them as its root and a network namespace with the NICs that its subnets
name, all on the lab's bridge. Must not change a rendered text.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from . import ending, entering, places, unpacked, waiting
from .lab import BRIDGE, Lab

SUITE = "bookworm"
PACKAGES = (
    *("dnsmasq-base", "kea-dhcp4-server", "nginx-light", "openssl"),
    *("ipxe", "ipxe-qemu", "ovmf"),
)
NAMESPACE = "pxe"
ROOT = places.LAB / "pxe" / "root"
#: No package script ran, so nobody made these.
USERS = {
    "etc/passwd": "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}
FOLDERS = (
    *("run/kea", "run/lock/kea", "var/lib/kea", "var/lib/misc", "var/log/nginx"),
    *("var/lib/nginx", "var/lib/pxe-boot/http/images", "var/lib/pxe-boot/tftp"),
)
#: They stay in the foreground, so that their end is seen and what they say is kept.
DAEMONS = {
    "etc/dnsmasq.conf": (
        *("dnsmasq", "--keep-in-foreground", "--log-facility=-", "--pid-file=/run/dnsmasq.pid"),
        "--conf-file=",
    ),
    "etc/kea-dhcp4.conf": ("kea-dhcp4", "-c", ""),
    "etc/nginx.conf": ("nginx", "-g", "daemon off;", "-c", ""),
}
CHECKS = {
    "etc/dnsmasq.conf": ("dnsmasq", "--test", "--conf-file="),
    "etc/kea-dhcp4.conf": ("kea-dhcp4", "-t", ""),
    "etc/nginx.conf": ("nginx", "-t", "-c", ""),
}
START_LIMIT = 30.0
#: What serves as which loader, among Debian's builds of iPXE.
LOADERS = {"bios": "undionly.kpxe", "efi64": "ipxe.efi"}


def programs() -> Path:
    """The unpacked packages; made first where they are missing."""
    return unpacked.folder("pxe", SUITE, PACKAGES, print)


def hooks() -> str:
    """Where Debian's kea keeps its hooks: `keaHooks` of the settings."""
    root = programs()
    (folder,) = root.glob("usr/lib/*-linux-gnu/kea/hooks")
    return f"/{folder.relative_to(root)}"


def loader(name: str) -> Path:
    """A file of Debian's iPXE; a link there is meant within the packages' own root."""
    path = programs() / "usr/lib/ipxe" / name
    return programs() / path.readlink().relative_to("/") if path.is_symlink() else path


def cards(settings: dict[str, Any]) -> dict[str, list[str]]:
    """The network interfaces that the subnets name, with the server's addresses on them."""
    found: dict[str, list[str]] = {}
    for subnet in settings["subnets"].values():
        addresses = found.setdefault(subnet["interface"], [])
        if not subnet.get("relay"):
            own = subnet.get("serverAddress") or settings["serverAddress"]
            addresses.append(f"{own}/{subnet['network'].partition('/')[2]}")
    return found


class PxeServer:
    """The files, the NICs and the daemons of one server; ends with its lab."""

    def __init__(self, lab: Lab, settings: dict[str, Any], texts: dict[str, str]) -> None:
        self.lab = lab
        self.texts = texts
        self._running: list[subprocess.Popen[bytes]] = []
        lab.before_close(self.stop)
        self._make_root()
        self._make_network(cards(settings))
        root = settings.get("http", {}).get("root", "/var/lib/pxe-boot/http")
        for path, text in {**USERS, **texts}.items():
            inside = f"{root}/{path.removeprefix('http/')}" if path.startswith("http/") else path
            self.write(inside, text)

    def _make_root(self) -> None:
        upper, work = ROOT.with_name("upper"), ROOT.with_name("work")
        self.lab.run("mkdir", "--parents", *map(str, (upper, work, ROOT)))
        options = f"lowerdir={programs()},upperdir={upper},workdir={work}"
        self.lab.run("mount", "-t", "overlay", "overlay", "-o", options, str(ROOT))
        self.lab.run("mount", "--rbind", "/dev", f"{ROOT}/dev")
        self.lab.run("mkdir", "--parents", *(f"{ROOT}/{folder}" for folder in FOLDERS))
        # nginx' and dnsmasq's workers are nobody, and write there.
        self.lab.run("chmod", "0777", *(f"{ROOT}/{folder}" for folder in FOLDERS[:6]))

    def _make_network(self, needed: dict[str, list[str]]) -> None:
        lines = [f"ip netns add {NAMESPACE}", f"ip -n {NAMESPACE} link set lo up"]
        for name, addresses in needed.items():
            port = f"pxe-{name}"
            lines.append(f"ip link add {port} type veth peer {name} netns {NAMESPACE}")
            lines.append(f"ip link set {port} master {BRIDGE} up")
            lines += [f"ip -n {NAMESPACE} addr add {own} dev {name}" for own in addresses]
            lines.append(f"ip -n {NAMESPACE} link set {name} up")
        self.lab.run("sh", "-e", "-c", "\n".join(lines))

    def path(self, inside: str) -> Path:
        """A file of the server, as the harness opens it."""
        return self.lab.path(ROOT / inside.lstrip("/"))

    def write(self, inside: str, content: str | bytes) -> None:
        """Put a file on the server that everybody there can read."""
        target = self.path(inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, *command: str) -> str:
        """Run a program on the server to its end; an error where it fails."""
        return self.lab.run(*self._inside(command))

    def install_loaders(self) -> None:
        """What the NixOS module links: iPXE, for TFTP and for firmware that speaks HTTP."""
        for kind, name in LOADERS.items():
            for folder in ("tftp", "http/ipxe"):
                content = loader(name).read_bytes()
                self.write(f"/var/lib/pxe-boot/{folder}/{kind}/{name}", content)

    def make_certificate(self, tls: dict[str, Any]) -> None:
        """What HTTPS is served with: a certificate that signs itself, and its key."""
        self.path(tls["key"]).parent.mkdir(parents=True, exist_ok=True)
        make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
        make += ("-subj", "/CN=tests", "-addext", f"subjectAltName=DNS:{tls['name']}")
        self.run(*make, "-keyout", tls["key"], "-out", tls["certificate"])

    def _inside(self, command: tuple[str, ...]) -> list[str]:
        return ["ip", "netns", "exec", NAMESPACE, "chroot", str(ROOT), *command]

    def check(self) -> None:
        """Let every daemon that has a configuration read it; an error shows what it printed."""
        for configuration, (*command, last) in CHECKS.items():
            if configuration in self.texts:
                self.run(*command, f"{last}/{configuration}")

    def start(self) -> None:
        """Start the daemons; comes back when HTTP is served."""
        for configuration, (*command, last) in DAEMONS.items():
            if configuration in self.texts:
                self.start_program(*command, f"{last}/{configuration}")
        waiting.until(self._serves, START_LIMIT, "the daemons of the PXE server are up")

    def _serves(self) -> bool:
        ended = [process for process in self._running if process.poll() is not None]
        assert not ended, f"a daemon of the PXE server has ended:\n{self.log}"
        # `nginx -t` leaves an empty one.
        number = self.path("/run/nginx.pid")
        return number.exists() and bool(number.read_text().strip())

    def start_program(self, *command: str) -> None:
        """Start a program that runs until the server stops; what it says is in the log."""
        with self._log.open("ab") as log:
            self._running.append(
                entering.start(
                    self.lab.enter(self._inside(command)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    @property
    def _log(self) -> Path:
        return self.lab.path(ROOT.with_name("log"))

    @property
    def log(self) -> str:
        """What the daemons have said."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self) -> None:
        """End the daemons."""
        while self._running:
            ending.kill(self._running.pop())
