"""What a disk layout does before it formats: another disk that carries the same ends it.

lsblk is a stand-in, with the answer that it gives of such disks; jq and the shell are real.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness import nix_checks
from harness.nix import nix, quoted, string
from harness.waiting import WATCHDOG

LAYOUTS = f"import {quoted(nix_checks.MODULE / 'disko')}"
DISK = f'(({LAYOUTS}).single {{ disk = "/dev/disk/by-id/nvme-A"; }}).disko.devices.disk.root'
BlockDevice = dict[str, str | None]


def partition(name: str, disk: str, uuid: str) -> BlockDevice:
    return {"name": name, "pkname": disk, "partuuid": uuid}


def run(
    folder: Path, hook: str, devices: list[BlockDevice]
) -> subprocess.CompletedProcess[str]:
    """A hook, as disko runs it, on a machine with these block devices; ours is nvme0n1."""
    (folder / "nvme0n1").touch()
    (folder / "by-id").symlink_to("nvme0n1")
    answer = folder / "lsblk.json"
    answer.write_text(json.dumps({"blockdevices": devices}))
    lsblk = folder / "lsblk"
    lsblk.write_text(f"#!/bin/sh\nexec cat '{answer}'\n")
    lsblk.chmod(0o755)
    text = str(nix().value(hook)).replace("/dev/md/node03", str(answer))
    return subprocess.run(
        ["bash", "-efu", "-c", f"device={folder}/by-id\n{text}\necho formatted"],
        env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=WATCHDOG,
    )


@pytest.fixture
def uuid() -> str:
    """That of the root partition."""
    return str(nix().value(f"{DISK}.content.partitions.root.uuid"))


def test_the_disk_itself_may_carry_its_uuids(tmp_path: Path, uuid: str) -> None:
    other = partition("sda1", "sda", "00000000-0000-8000-8000-000000000000")
    disk: BlockDevice = {"name": "nvme0n1", "pkname": None, "partuuid": None}
    devices = [disk, partition("nvme0n1p2", "nvme0n1", uuid), other]
    done = run(tmp_path, f"{DISK}.preCreateHook", devices)
    assert (done.returncode, done.stdout, done.stderr) == (0, "formatted\n", "")


def test_a_copy_of_the_disk_is_refused_and_named(tmp_path: Path, uuid: str) -> None:
    devices = [partition("sda2", "sda", uuid), partition("sdb2", "sdb", uuid)]
    done = run(tmp_path, f"{DISK}.preCreateHook", devices)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "sda2 sdb2: a partition with a UUID of this layout is there already, on another disk."
        " Take that disk out, and install again.\n"
    )


def test_an_array_of_other_disks_is_refused_and_one_of_ours_is_not(tmp_path: Path) -> None:
    ours = string(f"{tmp_path}/by-id")
    # The path of the test is no stable name; what the layout checks is not what is asked here.
    hook = (
        f"let hook = (({LAYOUTS}).mirror {{ name = \"node03\"; first = \"/dev/disk/by-id/a\";"
        f" second = \"/dev/disk/by-id/b\"; }}).disko.devices.mdadm.node03.preCreateHook; in"
        f" builtins.replaceStrings [ \"/dev/disk/by-id/a\" ] [ {ours} ] hook"
    )
    array = {"name": "md127", "type": "raid1"}
    mine, foreign = {"name": "nvme0n1", "type": "disk"}, {"name": "sdc", "type": "disk"}
    done = run(tmp_path, hook, [array, mine])
    assert (done.returncode, done.stdout, done.stderr) == (0, "formatted\n", "")
    (tmp_path / "by-id").unlink()
    done = run(tmp_path, hook, [array, foreign])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sdc: the array node03 is there already, on another disk.")
