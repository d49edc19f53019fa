"""The stage in the initrd, as every systemd initrd can play it: found there, used here."""

import json

STAGE = "first-boot-initrd.service"
HAND_OVER = "/run/first-boot-agent"
#: An emulated machine on a busy host is slow.
BOOT, PATIENT = 300, 120

aio01.start()
aio01.wait_for_unit("multi-user.target", timeout=BOOT)

with subtest("the initrd has found the credential, and handed it over for root alone"):
    boot = json.loads(aio01.succeed(f"cat {HAND_OVER}/boot.json"))
    t.assertIn("credential cluster-config", boot["config"]["source"])
    digest = aio01.succeed(f"sha256sum {HAND_OVER}/cluster-config.json").split()[0]
    t.assertEqual(boot["config"]["digest"], f"sha256:{digest}")
    t.assertEqual(aio01.succeed(f"stat --format=%a {HAND_OVER}").strip(), "700")

with subtest("the stage has not come along"):
    aio01.fail(f"systemctl is-active {STAGE}")

with subtest("the installed system joins by it, with no file of its own"):
    aio01.wait_for_unit("chainfire-cluster-join.service", timeout=PATIENT)
    aio01.fail("test -e /etc/nixos/secrets/cluster-config.json")
    # systemd has it still, and hands it to each unit.
    printed = aio01.succeed("journalctl --boot --output=cat -u chainfire-cluster-join.service")
    t.assertIn("Configuration loaded from credential cluster-config", printed)
    aio01.succeed("grep --word-regexp aio01 /var/lib/first-boot-automation/.chainfire-initialized")
