"""All in RAM: without a disk a machine joins, and an installer needs nothing (rows D2, D3)."""

import json

JOIN = "chainfire-cluster-join.service"
STAGE = "first-boot-initrd.service"
BOOT = 240

start_all()
node01.wait_for_unit(JOIN, timeout=60)

with subtest("a machine without a disk joins"):
    node04.wait_for_unit(JOIN, timeout=BOOT)
    boot = json.loads(node04.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertEqual(boot["kind"], "netboot")
    t.assertIn("credential", boot["config"]["source"])
    t.assertEqual(json.loads(node04.succeed("first-boot-agent inventory --json"))["disks"], [])

with subtest("an installer has no configuration, and that is not a failure"):
    node05.wait_for_unit("multi-user.target", timeout=BOOT)
    boot = json.loads(node05.succeed("cat /run/first-boot-agent/boot.json"))
    t.assertEqual((boot["kind"], boot["config"]), ("netboot", None))
    printed = node05.succeed(f"journalctl --boot -u {STAGE}")
    t.assertIn("a boot from memory needs none", printed)
    t.assertNotIn("FAILURE", printed)
    t.assertEqual(node05.get_unit_property(STAGE, "Result"), "success")
