"""What `hardware` of a node becomes, without a boot: words, images, archives, refusals."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import provision, qemu_additions, qemu_disks, qemu_initrd, qemu_journal, qemu_kernel
from harness import rootfs
from harness.blueprint import node_from
from harness.cpio import Archive
from harness.hardware import Hardware, hardware_from
from harness.lab import Lab
from harness.qemu_command import Call
from harness.strict import BlueprintError
from harness.waiting import WATCHDOG

FOLDER = Path("/run/lab/disks")
CONFIG_TYPE = "6E328CBC-545F-4C41-9D31-5B8F86844C39"
PARTITIONS = [
    {"label": "esp", "type": "esp", "size_mib": 16, "filesystem": "vfat",
     "files": {"/first-boot/cluster-config.json": {"text": "{}\n"}}},
    {"label": "first-boot-config", "type": "first-boot-config", "size_mib": 4,
     "filesystem": "ext4", "files": {"/cluster-config.json": {"text": "config\n"}}},
    {"label": "rest", "type": "6e328cbc-0000-4c41-9d31-5b8f86844c39", "size_mib": 1},
]  # fmt: skip


def call(**data: object) -> list[str]:
    hardware = hardware_from("node01", data)
    places = {"folder": FOLDER, "kernel": Path("vmlinuz"), "initrd": Path("initrd")}
    return Call("node01", hardware, **places, link="port0", card_address="52:54::1").words()


def test_a_cluster_with_a_machine_gives_its_members_time() -> None:
    data = {"address": "10.0.1.10", "services": ["chainfire"], "agent": True}
    for hardware, expected in ({}, False), ({"hardware": {"boot": "netboot"}}, True):
        nodes = [node_from("node01", data), node_from("node04", {**data, **hardware})]
        words = provision.service_arguments(nodes[0], "chainfire", nodes)
        assert (f"--heartbeat-interval {provision.UNHURRIED}" in words) is expected


def after(words: list[str], option: str) -> list[str]:
    return [words[at + 1] for at, word in enumerate(words) if word == option]


def test_the_words_of_a_machine_with_everything() -> None:
    words = call(
        boot="initrd", cpus=2, memory_mib=700, uuid="11111111-2222-3333-4444-555555555555",
        serial="S-1", credentials={"first-boot.config": {"a": 1}}, root_disk="gpt",
        kernel_command_line=["first_boot.config_url=https://10.0.1.1/a?b=1,2"],
        disks=[{"serial": "big", "size_mib": 64, "sector_size": 4096}],
    )  # fmt: skip
    assert after(words, "-smp") == ["2"] and after(words, "-m") == ["700M"]
    identity, credential = after(words, "-smbios")
    assert identity == "type=1,uuid=11111111-2222-3333-4444-555555555555,serial=S-1"
    name, _, packed = credential.partition("first-boot.config=")
    assert name == "type=11,value=io.systemd.credential.binary:"
    assert json.loads(base64.b64decode(packed)) == {"a": 1}
    (kernel,) = after(words, "-append")
    assert "root=/dev/disk/by-partlabel/root" in kernel and kernel.endswith("/a?b=1,2")
    devices = [word for word in after(words, "-device") if word.startswith("virtio-blk")]
    assert ["serial=root" in device for device in devices] == [True, False]
    assert devices[1].endswith("serial=big,logical_block_size=4096,physical_block_size=4096")


def test_a_machine_without_further_words_keeps_its_small_boot() -> None:
    words = call()
    assert after(words, "-m") == ["512M"] and after(words, "-smp") == ["1"]
    assert "-smbios" not in words and "-fw_cfg" not in words
    assert "root=" not in after(words, "-append")[0]


def test_a_netboot_has_no_root_and_fw_cfg_hands_over_files() -> None:
    words = call(boot="netboot", credentials={"a": "b"}, credential_transport="fw_cfg")
    assert "-drive" not in words and "root=" not in after(words, "-append")[0]
    expected = f"name=opt/io.systemd.credentials/a,file={FOLDER}/credential-a"
    assert after(words, "-fw_cfg") == [expected]


DISK = {"serial": "a", "size_mib": 8}
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"bott": "initrd"}, "node01: hardware: unknown keys .'bott'"),
    ({"boot": "pxe"}, "boot is 'pxe'; it can be 'kernel', 'initrd', 'netboot'"),
    ({"initrd": {"agent": True}}, 'need "boot": "initrd"'),
    ({"boot": "initrd", "initrd": {"agnet": True}}, "initrd: unknown keys .'agnet'"),
    ({"boot": "initrd", "initrd": {"agent": "no"}}, "agent is 'no'; expected bool"),
    ({"boot": "initrd", "initrd": {"files": {"a": {"text": ""}}}}, "no absolute paths"),
    ({"boot": "initrd", "initrd": {"files": {"/a": {"text": "", "mode": 600}}}}, "mode is 600"),
    ({"boot": "netboot", "root_disk": "gpt"}, "which has none"),
    ({"clock": "yesterday"}, "clock is 'yesterday'"),
    ({"uuid": "1234"}, "expected a UUID"),
    ({"serial": "a,b"}, "serial is 'a,b'"),
    ({"credentials": {"a=b": ""}}, "credential 'a=b'"),
    ({"cpus": "2"}, "cpus is '2'; expected int"),
    ({"disks": [DISK, DISK]}, "disks with the same serial"),
    ({"disks": [{"serial": "a"}]}, "the keys .'size_mib'. are missing"),
    ({"disks": [{**DISK, "table": "gtp"}]}, "table is 'gtp'"),
    ({"disks": [{**DISK, "table": "none", "partitions": [{"size_mib": 1}]}]}, "without a table"),
    ({"disks": [{**DISK, "partitions": [{"size_mib": 7}]}]}, "size_mib is 8; 9 are needed"),
    ({"disks": [{**DISK, "partitions": [{"size_mib": 1, "type": "swap"}]}]}, "type is 'swap'"),
    ({"disks": [{**DISK, "table": "mbr", "partitions": [PARTITIONS[1]]}]}, "an MBR has no part"),
]


@pytest.mark.parametrize(("hardware", "expected"), REFUSED)
def test_hardware_that_means_nothing_is_refused(hardware: dict[str, object], expected: str) -> None:
    with pytest.raises(BlueprintError, match=expected):
        hardware_from("node01", hardware)


@pytest.fixture
def lab(machines_can_run: None) -> Iterator[Lab]:
    with Lab() as made:
        made.run("mkdir", str(FOLDER))
        yield made


def image(lab: Lab, **disk: object) -> Path:
    hardware: Hardware = hardware_from("node01", {"disks": [disk]})
    qemu_disks.make(lab, hardware.disks[0], FOLDER / hardware.disks[0].serial)
    return FOLDER / hardware.disks[0].serial


def sfdisk(lab: Lab, path: Path) -> dict[str, object]:
    table = json.loads(lab.run("sfdisk", "--json", str(path)))["partitiontable"]
    assert isinstance(table, dict)
    return table


def test_a_disk_is_what_sfdisk_mtools_and_debugfs_read(lab: Lab) -> None:
    path = image(lab, serial="good", size_mib=32, partitions=PARTITIONS)
    table = sfdisk(lab, path)
    parts = [(p["name"], p["type"], p["start"], p["size"]) for p in table["partitions"]]
    assert table["label"] == "gpt" and parts == [
        ("esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", 2048, 32768),
        ("first-boot-config", CONFIG_TYPE, 34816, 8192),
        ("rest", "6E328CBC-0000-4C41-9D31-5B8F86844C39", 43008, 2048),
    ]
    read = lab.run("mtype", "-i", f"{path}@@1M", "::first-boot/cluster-config.json")
    assert read == "{}\n"
    offset = f"{path}?offset={17 << 20}"
    assert lab.run("debugfs", "-R", "cat /cluster-config.json", offset) == "config\n"
    assert "corrupt" not in lab.run("sh", "-c", f"sfdisk --verify {path} 2>&1")


@pytest.mark.parametrize("side", ["primary", "backup"])
def test_a_broken_header_is_seen_and_the_other_one_holds(lab: Lab, side: str) -> None:
    table = f"gpt-broken-{side}"
    path = image(lab, serial=side, size_mib=32, table=table, partitions=PARTITIONS)
    told = lab.run("sh", "-c", f"sfdisk --dump {path} 2>&1")
    whole = "primary" if side == "backup" else "backup"
    assert f"The {side} GPT table is corrupt, but the {whole} appears OK" in told
    assert told.count("start=") == len(PARTITIONS)


def test_large_sectors_an_mbr_and_nothing(lab: Lab) -> None:
    large = image(lab, serial="large", size_mib=64, sector_size=4096, partitions=PARTITIONS)
    listing = ("fdisk", "--sector-size=4096", "--list", "-o", "start,sectors,name", str(large))
    rows = [line.split() for line in lab.run(*listing).splitlines()[-len(PARTITIONS) :]]
    named = (("256", "4096", "esp"), ("4352", "1024", "first-boot-config"), ("5376", "256", "rest"))
    assert [tuple(row) for row in rows] == list(named)
    assert lab.run("mdir", "-b", "-i", f"{large}@@1M").strip() == "::/first-boot/"
    old = image(lab, serial="mbr", size_mib=8, table="mbr", partitions=[{"size_mib": 2}])
    mbr = sfdisk(lab, old)
    assert (mbr["label"], mbr["partitions"][0]["type"]) == ("dos", "83")
    nothing = lab.path(image(lab, serial="empty", size_mib=4, table="none")).read_bytes()
    assert len(nothing) == 4 << 20 and not any(nothing)


def listed(archive: Path) -> list[str]:
    """What cpio itself makes of the bytes: mode, owner, name and what a link leads to."""
    told = subprocess.run(
        ["cpio", "--list", "--verbose", "--numeric-uid-gid", "--quiet"],
        input=archive.read_bytes(), capture_output=True, check=True, timeout=WATCHDOG,
    ).stdout.decode()  # fmt: skip
    lines = (line.split() for line in told.splitlines())
    return [" ".join((words[0], words[2], *words[8:])) for words in lines]


def test_an_archive_is_read_by_cpio_as_it_was_written(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        with (tmp_path / "a").open("wb") as output:
            archive = Archive(output)
            archive.folder("etc/a", 0o700)
            archive.file("etc/a/secret", b"odd", 0o600)
            archive.file("/etc/a/other", b"")
            archive.link("bin", "usr/bin")
            archive.end()
    finally:
        os.umask(umask)
    assert listed(tmp_path / "a") == [
        *("lrwxrwxrwx 0 bin -> usr/bin", "drwxr-xr-x 0 etc", "drwx------ 0 etc/a"),
        *("-rw-r--r-- 0 etc/a/other", "-rw------- 0 etc/a/secret"),
    ]


def test_the_initrd_has_the_agent_as_an_installer_would_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = "[Install]\nWantedBy=initrd.target\nRequiredBy=x.target y.target\n"
    unit = "[Unit]\nAfter=a\nAfter=b\n" + install
    assert qemu_additions.installed_in(unit) == [
        *("initrd.target.wants", "x.target.requires", "y.target.requires"),
    ]
    (tmp_path / qemu_additions.AGENT_UNIT).write_text(unit)
    later = tmp_path / "254" / f"{qemu_additions.AGENT_UNIT}.d"
    later.mkdir(parents=True)
    (later / "x.conf").write_text("[Service]\n")
    monkeypatch.setenv("FIRST_BOOT_AGENT", "/bin/true")
    for systemd in (252, 257):
        with (tmp_path / str(systemd)).open("wb") as output:
            archive = Archive(output)
            qemu_additions.add_agent(archive, tmp_path, systemd)
            archive.end()
    told = listed(tmp_path / "252")
    place = "etc/systemd/system/"
    assert "-rwxr-xr-x 0 usr/bin/first-boot-agent" in told
    assert f"-rw-r--r-- 0 {place}first-boot-initrd.service" in told
    link = f"{place}initrd.target.wants/first-boot-initrd.service -> ../first-boot-initrd.service"
    assert f"lrwxrwxrwx 0 {link}" in told
    drop_in = f"-rw-r--r-- 0 {place}first-boot-initrd.service.d/x.conf"
    assert drop_in not in told
    assert drop_in in listed(tmp_path / "257")
    with pytest.raises(RuntimeError, match="first-boot-initrd.service is missing"):
        qemu_additions.add_agent(archive, tmp_path / "nowhere", 252)


def test_the_shared_initrd_is_small(machines_can_run: None) -> None:
    made = qemu_initrd.initrd(qemu_kernel.kernel(print), rootfs.base(print), print)
    assert 5 < made.stat().st_size / (1 << 20) < 30


def test_a_journal_sent_twice_is_kept_once() -> None:
    at = "2026-01-01T00:00:00.00000"
    initrd = f"{at}1+0000 a one\n  more\n{at}2+0000 a two\n"
    system = f"{at}3+0000 a three\n"
    assert qemu_journal.once(initrd + initrd + system) == initrd + system
