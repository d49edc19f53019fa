"""A configuration on a partition of its own, and on an ESP; what is broken is told (row X3).

node04's firmware brings half a credential, and a partition of the configuration's own type a whole
one. node05 has a partition with the label, whose file is no configuration, and an ESP whose file
is one. Neither command line says a word.
"""

import json

JOIN = "chainfire-cluster-join.service"
STAGE = "first-boot-initrd.service"
BOOT = 240


def refused(node):
    """What was passed over, in order."""
    told = node.succeed(f"journalctl --boot --output=json -t first-boot-agent -u {STAGE}")
    entries = [json.loads(line) for line in told.splitlines()]
    return [entry for entry in entries if entry["MESSAGE"].startswith("Configuration refused")]


start_all()
node01.wait_for_unit(JOIN, timeout=60)

with subtest("a partition of the type wins over half a credential"):
    node04.wait_for_unit(JOIN, timeout=BOOT)
    boot = json.loads(node04.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertIn("partition first-boot-config /dev/vd", boot["config"]["source"])
    (entry,) = refused(node04)
    t.assertIn("credential", entry["SOURCE"])
    digest = node04.succeed("systemd-creds --system cat cluster-config | sha256sum").split()[0]
    t.assertEqual(entry["DIGEST"], f"sha256:{digest}")

with subtest("the join goes by it, and says whom it has passed over"):
    told = node04.succeed(f"journalctl --boot -u {JOIN}")
    t.assertIn("Configuration passed over: Invalid configuration in credential", told)
    t.assertIn("Configuration loaded from /run/first-boot-agent/cluster-config.json", told)

with subtest("an ESP serves where the partition with the label is of no use"):
    node05.wait_for_unit(JOIN, timeout=BOOT)
    boot = json.loads(node05.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertIn("EFI system partition", boot["config"]["source"])
    (entry,) = refused(node05)
    t.assertIn("partition first-boot-config", entry["SOURCE"])
    t.assertIn("leader_url", entry["ERROR"])

with subtest("nothing of it is mounted, and the command line stays empty of it"):
    for node in (node04, node05):
        t.assertNotIn("first-boot-agent", node.succeed("cat /proc/self/mountinfo"))
        t.assertNotIn("first_boot", node.succeed("cat /proc/cmdline"))

with subtest("config show says where it came from"):
    t.assertIn("(found by the initrd)", node05.succeed("first-boot-agent config validate"))
