"""The harness on QEMU machines: power, cable, commands, clock, and that nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import places
from harness.tests.test_cleanup import Start, start  # noqa: F401
from harness.tests.test_nodes import run

pytestmark = pytest.mark.usefixtures("machines_can_run")

NODES: dict[str, object] = {
    "node01": {"address": "10.0.1.10"},
    "node02": {"address": "10.0.1.11", "hardware": {"clock": "1999-12-31T23:00:00"}},
}


def test_a_machine_is_a_node_like_others(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
node01.start()
node02.start(allow_reboot=True)
with subtest("commands"):
    node02.wait_for_unit("multi-user.target", timeout=240)
    t.assertEqual(node02.succeed("echo a", "echo b"), "a\\nb\\n")
    t.assertEqual(node02.execute("printf 'no\\\\0line'")[1], "no\\0line")
    t.assertEqual(node02.execute("false | true")[0], 1)
    t.assertEqual(node02.execute("tail -f /dev/null", timeout=1)[0], 124)
    t.assertEqual(node02.fail("echo why; exit 3"), "why\\n")
    node02.copy_from_host("/etc/debian_version", "/root/some/where")
    node02.wait_for_file("/root/some/where", timeout=30)
    node02.wait_for_console_text("Reached target", timeout=30)
with subtest("clock and cable"):
    t.assertEqual(node02.succeed("date +%Y-%m-%d"), "1999-12-31\\n")
    node01.succeed("ping -c 1 -W 5 node02")
    node02.block()
    node01.fail("ping -c 1 -W 1 node02")
    node02.wait_until_succeeds("grep 0 /sys/class/net/eth0/carrier", timeout=60)
    node02.unblock()
    node01.wait_until_succeeds("ping -c 1 -W 1 node02", timeout=60)
with subtest("power"):
    boot = "cat /proc/sys/kernel/random/boot_id"
    seen = {node02.succeed(boot)}
    node02.succeed("echo kept >/root/kept && sync /root/kept")
    node02.reboot()
    seen.add(node02.succeed(boot))
    # What was not written is lost: this distinguishes power loss.
    node02.succeed("echo lost >/root/lost")
    node02.crash()
    node02.start()
    seen.add(node02.succeed(boot, "test -e /root/kept").split()[0] + "\\n")
    node02.fail("grep lost /root/lost")
    t.assertEqual(len(seen), 3)
    node02.shutdown()
""",
        NODES,
    )


EARLY_UNIT = """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/usr/bin/cat /etc/early/word
StandardOutput=journal+console
"""
FROM_INITRD: dict[str, object] = {
    "node01": {
        "address": "10.0.1.10",
        "hardware": {
            "boot": "initrd",
            "root_disk": "gpt",
            "cpus": 2,
            "initrd": {
                "shell": True,
                "network": True,
                "files": {
                    "/etc/early/word": {"text": "said in the initrd\n", "mode": "0600"},
                    "/etc/systemd/system/early.service": {"text": EARLY_UNIT},
                    "/etc/systemd/system/initrd.target.d/early.conf": {
                        "text": "[Unit]\nWants=early.service\n"
                    },
                },
            },
            "kernel_command_line": ["early.word=1"],
            "credentials": {"early": {"a": 1}},
            "uuid": "11111111-2222-3333-4444-555555555555",
            "serial": "S-1",
            "disks": [
                {
                    "serial": "large",
                    "size_mib": 64,
                    "sector_size": 4096,
                    "partitions": [
                        {
                            "label": "esp",
                            "type": "esp",
                            "size_mib": 16,
                            "filesystem": "vfat",
                            "files": {"/first-boot/a": {"text": "on the ESP\n"}},
                        }
                    ],
                },
                {
                    "serial": "broken",
                    "size_mib": 16,
                    "table": "gpt-broken-primary",
                    "partitions": [{"label": "there", "size_mib": 4}],
                },
                {"serial": "mbr", "size_mib": 8, "table": "mbr", "partitions": [{"size_mib": 2}]},
                {"serial": "empty", "size_mib": 4, "table": "none"},
            ],
        },
    },
}
FROM_NETWORK: dict[str, object] = {
    "node01": {
        "address": "10.0.1.10",
        "hardware": {
            "boot": "netboot",
            "credentials": {"early": "handed over by fw_cfg"},
            "credential_transport": "fw_cfg",
        },
    },
}


def test_a_machine_with_a_systemd_initrd(tmp_path: Path) -> None:
    run(
        tmp_path,
        r"""
import json
disks = "/dev/disk/by-id/virtio"
start_all()
with subtest("in the initrd: commands, files, firmware, disks"):
    node01.wait_for_unit("initrd.target", timeout=240)
    node01.succeed("test -e /etc/initrd-release", "test -e /sysroot/etc/os-release")
    node01.wait_for_console_text("said in the initrd", timeout=30)
    t.assertEqual(node01.succeed("stat --format=%a%u /etc/early/word"), "6000\n")
    t.assertIn("early.word=1", node01.succeed("cat /proc/cmdline"))
    credential = node01.succeed("systemd-creds --system cat early")
    t.assertEqual(json.loads(credential), {"a": 1})
    t.assertEqual(node01.succeed("cat /sys/class/dmi/id/product_{uuid,serial}").split(),
                  ["11111111-2222-3333-4444-555555555555", "S-1"])
    listed = node01.succeed("lsblk --json --bytes -o NAME,SERIAL,SIZE,LOG-SEC,PTTYPE,PARTLABEL")
    seen = {disk["serial"]: disk for disk in json.loads(listed)["blockdevices"]}
    t.assertEqual(
        {name: (disk["size"] >> 20, disk["log-sec"], disk["pttype"])
         for name, disk in seen.items()},
        {"root": (1042, 512, "gpt"), "large": (64, 4096, "gpt"), "broken": (16, 512, "gpt"),
         "mbr": (8, 512, "dos"), "empty": (4, 512, None)},
    )
    # The kernel itself does not look for the backup.
    t.assertNotIn("children", seen["broken"])
    broken = node01.succeed(f"sfdisk --dump {disks}-broken 2>&1")
    t.assertIn("The primary GPT table is corrupt, but the backup appears OK", broken)
    t.assertIn('name="there"', broken)
    node01.succeed(f"mount -o ro {disks}-large-part1 /tmp")
    t.assertEqual(node01.succeed("cat /tmp/first-boot/a", "umount /tmp"), "on the ESP\n")
    t.assertIn("10.0.1.10/24", node01.succeed("ip address show eth0"))
    t.assertEqual(node01.succeed("grep --count ^processor /proc/cpuinfo"), "2\n")
with subtest("the power is cut in the initrd, and the same disk boots"):
    node01.succeed("echo kept >/sysroot/root/kept", "sync")
    boot = node01.succeed("cat /proc/sys/kernel/random/boot_id")
    node01.crash()
    node01.start()
    node01.succeed("test -e /etc/initrd-release")
    t.assertNotEqual(node01.succeed("cat /proc/sys/kernel/random/boot_id"), boot)
with subtest("switch root: the address, the credential and the journal stay"):
    node01.switch_root()
    node01.fail("test -e /etc/initrd-release")
    node01.wait_for_unit("multi-user.target", timeout=240)
    t.assertEqual(node01.succeed("cat /root/kept"), "kept\n")
    t.assertIn("10.0.1.10/24", node01.succeed("ip address show eth0"))
    node01.succeed("systemd-creds --system cat early", "mountpoint /")
    node01.succeed("journalctl --boot --quiet --grep='said in the initrd'")
    t.assertEqual(node01.succeed("findmnt --noheadings --output=PARTLABEL /").strip(), "root")
""",
        FROM_INITRD,
    )
    # Both stages of both boots, the one that was cut off as well.
    kept = (places.LOGS / tmp_path.name / "journals.log").read_text()
    assert kept.count("said in the initrd") == 2
    assert kept.count("node01 systemd[1]: Running in initrd.") == 2
    assert kept.count("node01 systemd[1]: Switching root.") == 1


def test_a_netboot_is_in_ram_and_gone_with_the_next_boot(tmp_path: Path) -> None:
    run(
        tmp_path,
        r"""
node01.start(allow_reboot=True)
node01.wait_for_unit("multi-user.target", timeout=240)
t.assertEqual(node01.succeed("findmnt --noheadings --output=FSTYPE /"), "overlay\n")
t.assertEqual(node01.succeed("lsblk --noheadings --nodeps --output=NAME"), "loop0\n")
t.assertEqual(node01.succeed("systemd-creds --system cat early"), "handed over by fw_cfg")
t.assertEqual(node01.succeed("hostname"), "node01\n")
node01.succeed("echo lost >/root/lost")
node01.reboot()
node01.fail("test -e /root/lost")
node01.shutdown()
""",
        FROM_NETWORK,
    )


BOOTS = """
node02.start()
node02.wait_for_console_text("systemd", timeout=240)
log.info("it boots")
node02.wait_for_shutdown()
"""


def test_a_killed_run_leaves_no_machine(tmp_path: Path, start: Start) -> None:
    program = (
        "from harness.tests.test_machines import BOOTS, NODES, run; from pathlib import Path;"
        f"run(Path({str(tmp_path)!r}), BOOTS, NODES)"
    )
    killed = start("-c", program)
    killed.read_until("it boots")
    killed.process.kill()
    killed.end()
    killed.assert_nothing_left()
