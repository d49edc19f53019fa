"""A configuration on a partition of its own, and on an ESP (row X3); what is not taken (F51, F52).

node04's firmware brings half a credential, and a partition of the configuration's own type a whole
one. node05 has a partition with the label, whose file is no configuration, and an ESP whose file
is one. node06 has two partitions that differ, one whose file has another name, and an ESP that its
initrd has mounted for writing, with names in upper case. No command line says a word.
"""

import json

JOIN = "chainfire-cluster-join.service"
STAGE = "first-boot-initrd.service"
BOOT = 240


def refused(node):
    """What was passed over, in order."""
    printed = node.succeed(f"journalctl --boot --output=json -t first-boot-agent -u {STAGE}")
    entries = [json.loads(line) for line in printed.splitlines()]
    return [entry for entry in entries if entry["MESSAGE"].startswith("Configuration refused")]


start_all()
node01.wait_for_unit(JOIN, timeout=60)

with subtest("a partition of the type takes precedence over half a credential"):
    node04.wait_for_unit(JOIN, timeout=BOOT)
    boot = json.loads(node04.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertIn("partition first-boot-config /dev/vd", boot["config"]["source"])
    (entry,) = refused(node04)
    t.assertIn("credential", entry["SOURCE"])
    digest = node04.succeed("systemd-creds --system cat cluster-config | sha256sum").split()[0]
    t.assertEqual(entry["DIGEST"], f"sha256:{digest}")

with subtest("the join uses it, and says which one it has skipped"):
    printed = node04.succeed(f"journalctl --boot -u {JOIN}")
    t.assertIn("Configuration passed over: Invalid configuration in credential", printed)
    t.assertIn("Configuration loaded from /run/first-boot-agent/cluster-config.json", printed)

with subtest("an ESP is used if the partition with the label is unusable"):
    node05.wait_for_unit(JOIN, timeout=BOOT)
    boot = json.loads(node05.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertIn("EFI system partition", boot["config"]["source"])
    (entry,) = refused(node05)
    t.assertIn("partition first-boot-config", entry["SOURCE"])
    t.assertIn("leader_url", entry["ERROR"])

with subtest("two that differ are both named, and neither is taken"):
    node06.wait_for_unit(JOIN, timeout=BOOT)
    by_source = {entry["SOURCE"]: entry["ERROR"] for entry in refused(node06)}
    (both,) = [source for source in by_source if " and /cluster-config.json" in source]
    t.assertEqual(both.count("partition first-boot-config /dev/vd"), 2)
    for word in ("they differ", "node06", "node07"):
        t.assertIn(word, by_source[both])

with subtest("other files of a partition are reported, the contents of a file are not"):
    (other,) = [error for source, error in by_source.items() if source != both]
    t.assertIn('it holds "cluster-config.json.txt", and no cluster-config.json', other)
    t.assertNotIn("raft_addr", node06.get_console_log())

with subtest("an ESP that is mounted for writing is read where it is"):
    boot = json.loads(node06.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertIn("EFI system partition", boot["config"]["source"])
    t.assertEqual(len(boot["refused"]), 2)

with subtest("nothing of it is mounted, and the command line stays empty of it"):
    for node in (node04, node05, node06):
        t.assertNotIn("first-boot-agent", node.succeed("cat /proc/self/mountinfo"))
        t.assertNotIn("first_boot", node.succeed("cat /proc/cmdline"))

with subtest("config show says where it came from"):
    t.assertIn("(found by the initrd)", node05.succeed("first-boot-agent config validate"))
