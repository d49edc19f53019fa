"""From firmware to member: what the initrd finds is handed over and serves (rows D2, D3, N1).

node04 is a QEMU machine with a systemd initrd and no D-Bus daemon in it. Its clock starts at 1980
at every power-on. What it says of its disks is held against lsblk's and sfdisk's opinion.
"""

import json

STAGE = "first-boot-initrd.service"
JOIN = "chainfire-cluster-join.service"
HAND_OVER = "/run/first-boot-agent"
ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
#: Emulated machines on a busy host are slow; each wait ends as soon as it can.
BOOT, PATIENT = 240, 120


def boot_json():
    return json.loads(node04.succeed(f"cat {HAND_OVER}/boot.json"))


def inventory(command=f"cat {HAND_OVER}/inventory.json"):
    return json.loads(node04.succeed(command))


def entries():
    """The agent's journal entries of this boot, oldest first."""
    printed = node04.succeed("journalctl --boot --output=json -t first-boot-agent")
    return [json.loads(line) for line in printed.splitlines()]


def voters():
    shown = node01.succeed(f"{ASK} https://localhost:2379/admin/cluster/members")
    return [(m["id"], m["raft_addr"]) for m in json.loads(shown)["members"] if m["role"] == "voter"]


start_all()
node01.wait_for_unit(JOIN, timeout=60)

with subtest("the stage ends in the initrd, over PID 1's own socket"):
    node04.wait_for_unit(STAGE, timeout=BOOT)
    node04.succeed("test -e /etc/initrd-release")
    node04.fail("test -e /run/dbus/system_bus_socket")
    t.assertFalse([entry for entry in entries() if int(entry["PRIORITY"]) < 5], "no complaint")

with subtest("what it found is handed over, for root alone"):
    boot = boot_json()
    boot_id = node04.succeed("cat /proc/sys/kernel/random/boot_id").strip().replace("-", "")
    t.assertEqual((boot["schema_version"], boot["run_id"]), (1, boot_id))
    t.assertEqual(boot["kind"], "first-boot")
    t.assertIn("credential cluster-config", boot["config"]["source"])
    digest = node04.succeed(f"sha256sum {HAND_OVER}/cluster-config.json").split()[0]
    t.assertEqual(boot["config"]["digest"], f"sha256:{digest}")
    modes = node04.succeed(f"stat --format='%a %u %n' {HAND_OVER} {HAND_OVER}/*.json").splitlines()
    t.assertEqual({mode.split("/")[0] for mode in modes[1:]}, {"600 0 "})
    t.assertTrue(modes[0].startswith("700 0 "), modes)
    node04.wait_for_console_text("Configuration of node04 found", timeout=30)

with subtest("nothing is left mounted"):
    t.assertNotIn("first-boot-agent", node04.succeed("cat /proc/self/mountinfo"))

with subtest("the inventory says what lsblk and sfdisk say"):
    seen = inventory()
    t.assertEqual(seen["machine"]["uuid"], "6f0e5b2c-8d41-4c7a-9b63-2f1d8e7a4c05")
    t.assertEqual(seen["machine"]["serial"], "S-1")
    t.assertEqual(seen["boot"], "first-boot")
    disks = {disk["serial"]: disk for disk in seen["disks"]}
    printed = node04.succeed("lsblk --json --bytes --nodeps -o NAME,SERIAL,SIZE,LOG-SEC,RO")
    for other in json.loads(printed)["blockdevices"]:
        disk = disks[other["serial"]]
        t.assertEqual(
            (disk["name"], disk["size"], disk["logical_sector_size"], disk["read_only"]),
            (other["name"], other["size"], other["log-sec"], other["ro"]),
        )
    t.assertEqual(sorted(disks), ["broken", "empty", "large", "mbr", "root"])
    kinds = {serial: disk["table"]["kind"] for serial, disk in disks.items()}
    t.assertEqual(
        kinds, {"root": "gpt", "large": "gpt", "broken": "gpt", "mbr": "mbr", "empty": "none"}
    )
    t.assertEqual(disks["broken"]["table"]["backup"], "good")
    t.assertIn(disks["broken"]["table"]["primary"], ("damaged", "missing"))
    for serial in ("root", "large", "broken"):
        disk = disks[serial]
        # For the broken one it says on stderr that it uses the backup.
        printed = node04.succeed(f"sfdisk --json {disk['path']} 2>/dev/null")
        other = json.loads(printed)["partitiontable"]
        sector = disk["logical_sector_size"]
        t.assertEqual(disk["table"]["guid"].upper(), other["id"].upper())
        t.assertEqual(
            [
                (part["type"]["guid"].upper(), part["guid"].upper(), part["start"], part["size"])
                for part in disk["table"]["partitions"]
            ],
            [
                (part["type"], part["uuid"], part["start"] * sector, part["size"] * sector)
                for part in other["partitions"]
            ],
        )
    t.assertEqual([part["label"] for part in disks["root"]["table"]["partitions"]], ["esp", "root"])

with subtest("power is cut in the initrd, and the next boot begins again"):
    before = boot["run_id"]
    node04.crash()
    node04.start(allow_reboot=True)
    node04.wait_for_unit(STAGE, timeout=BOOT)
    boot = boot_json()
    t.assertNotEqual(boot["run_id"], before)
    t.assertEqual(boot["kind"], "first-boot")

with subtest("the stage does not survive switch-root, and its findings do"):
    node04.switch_root()
    node04.wait_for_unit(JOIN, timeout=BOOT)
    t.assertEqual(node04.get_unit_property(STAGE, "ActiveState"), "inactive")
    t.assertEqual(boot_json(), boot)
    t.assertNotIn("cannot be judged", node04.succeed(f"journalctl --boot -u {JOIN}"))
    t.assertEqual(sorted(voters()), [("node01", "10.0.1.10:2380"), ("node04", "10.0.1.13:2380")])

with subtest("the clock is still at 1980"):
    t.assertEqual(node04.succeed("date +%Y").strip(), "1980")

with subtest("one RUN_ID links the entries of initrd and system"):
    t.assertEqual({entry["RUN_ID"] for entry in entries()}, {boot["run_id"]})
    units = {entry["_SYSTEMD_UNIT"] for entry in entries()}
    t.assertTrue({STAGE, JOIN} <= units, units)

with subtest("the inventory of the system is the one of the initrd, twice the same"):
    now = "first-boot-agent inventory --json"
    t.assertEqual(node04.succeed(now), node04.succeed(now))
    # The machine-id is the system's own; the initrd has another.
    hardware = ("firmware", "processor")
    initrd, system = inventory(), inventory(now)
    t.assertEqual([initrd[part] for part in hardware], [system[part] for part in hardware])
    t.assertEqual([d["table"] for d in initrd["disks"]], [d["table"] for d in system["disks"]])
    log.info(node04.succeed("first-boot-agent inventory"))

with subtest("a later boot is one, and joins nothing"):
    node04.reboot()
    node04.wait_for_unit(STAGE, timeout=BOOT)
    t.assertEqual(boot_json()["kind"], "later-boot")
    node04.switch_root()
    node04.wait_for_unit("multi-user.target", timeout=BOOT)
    t.assertEqual(node04.get_unit_property(JOIN, "ConditionResult"), "no")
    t.assertEqual(len(voters()), 2)
