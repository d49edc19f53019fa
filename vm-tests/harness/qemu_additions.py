"""What the initrd of one machine holds beyond systemd: the agent, files, the tests' own units.

Written behind the shared archive (see `qemu_initrd`); the kernel unpacks one after the
other. Units lie where NixOS puts them, below /etc/systemd/system, each with the links that
its [Install] section asks for. Must not know how the machine is started.
"""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
from typing import IO

from . import places, product, rootfs
from .blueprint import NodeBlueprint
from .cpio import Archive

UNITS = places.UNITS / "qemu"
SYSTEM = "etc/systemd/system"
#: The agent's unit for the initrd, and where the agent is.
AGENT_UNIT = "first-boot-initrd.service"
AGENT = "usr/bin/first-boot-agent"
#: The CA that a URL's server is verified against; nothing else of the secrets is there.
CA = "etc/nixos/secrets/ca.crt"
SHELL = "usr/lib/first-boot-tests/shell"
#: Started where a system would start them; in the initrd it is this target that pulls them in.
OF_TESTS = {"tests-journal.service": "sysinit.target", "tests-network.service": "initrd.target"}
OF_TESTS |= {"tests-shell.service": "initrd.target", "tests-clock.service": "sysinit.target"}
#: On a busy host a disk takes its time to appear, and a minute and a half is soon over.
PATIENCE = "[Manager]\nDefaultDeviceTimeoutSec=600\n"
#: The kernel takes zeros for the end of what is packed with lz4; what follows is looked at again.
GAP = bytes(512)
#: systemd's own command would switch root; a test that has a shell says when.
WAITING = "[Service]\nExecStart=\nExecStart=/usr/bin/true\n"


def write(output: IO[bytes], blueprint: NodeBlueprint, hosts: bytes, ca: bytes) -> None:
    """Write the archives of one machine: what its image holds, and the files appended to it.

    `hosts` takes the place of a DNS, and `ca` is the CA of the machine's installed root.
    """
    assert blueprint.hardware is not None
    asked = blueprint.hardware.initrd
    output.write(GAP[output.tell() % len(GAP) :] + GAP)
    image = Archive(output)
    image.file("etc/systemd/system.conf.d/tests.conf", PATIENCE.encode())
    add_tests_unit(image, "tests-journal.service")
    if (clock := blueprint.hardware.clock) is not None:
        image.file("etc/default/tests-clock", f"CLOCK={clock}\n".encode())
        add_tests_unit(image, "tests-clock.service")
    if asked.network:
        image.file("etc/default/tests-network", f"ADDRESS={blueprint.address}\n".encode())
        image.file("etc/hosts", hosts)
        add_tests_unit(image, "tests-network.service")
    if asked.shell:
        image.file(SHELL, (UNITS / "tests-shell.sh").read_bytes(), 0o755)
        add_tests_unit(image, "tests-shell.service")
        image.file(f"{SYSTEM}/initrd-cleanup.service.d/tests.conf", WAITING.encode())
    if asked.agent:
        image.folder(str(Path(CA).parent), 0o700)
        image.file(CA, ca)
        systemd = rootfs.systemd(rootfs.base(lambda _: None))
        add_agent(image, places.REPOSITORY / "agent" / "systemd", systemd)
    image.end()
    if asked.files:
        appended = Archive(output)
        for path, extra in asked.files.items():
            appended.file(path, extra.text.encode(), extra.mode)
        appended.end()


def add_tests_unit(archive: Archive, name: str) -> None:
    """One of the tests' units, pulled in by a target of the initrd."""
    archive.file(f"{SYSTEM}/{name}", (UNITS / name).read_bytes())
    pull_in(archive, name, f"{OF_TESTS[name]}.wants")


def add_agent(archive: Archive, units: Path, systemd: int) -> None:
    """The agent, and its unit as an installer enables it for this version of systemd."""
    unit = units / AGENT_UNIT
    if not unit.exists():
        raise RuntimeError(f"{unit} is missing, and a node's initrd is to hold the agent")
    archive.file(AGENT, product.agent().read_bytes(), 0o755)
    archive.file(f"{SYSTEM}/{AGENT_UNIT}", unit.read_bytes())
    # As `make install` does it.
    folders = [units] if systemd < 254 else [units, units / "254"]
    parts = [part for folder in folders for part in (folder / f"{AGENT_UNIT}.d").glob("*.conf")]
    for part in sorted(parts):
        archive.file(f"{SYSTEM}/{AGENT_UNIT}.d/{part.name}", part.read_bytes())
    for folder in installed_in(unit.read_text()):
        pull_in(archive, AGENT_UNIT, folder)


def installed_in(unit: str) -> list[str]:
    """The folders that hold a link to a unit, as its [Install] section names them."""
    # Keys may come more than once, and only one section is of interest.
    section = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    section.read_string("[Install]\n" + unit.partition("[Install]\n")[2])
    kinds = {"wantedby": "wants", "requiredby": "requires"}
    return [
        f"{target}.{kinds[key]}"
        for key, value in section["Install"].items()
        if key in kinds
        for target in (value or "").split()
    ]


def pull_in(archive: Archive, unit: str, folder: str) -> None:
    """Have a target start a unit."""
    archive.link(f"{SYSTEM}/{folder}/{unit}", f"../{unit}")
