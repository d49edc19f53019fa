"""A machine too small for its configuration does not join, and says what is missing (N5)."""

JOIN = "chainfire-cluster-join.service"
CONFIG = "/etc/nixos/secrets/cluster-config.json"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"

aio01.start()

with subtest("blocked, with all that is missing in one message"):
    aio01.wait_until_succeeds(f"systemctl show -p StatusText {JOIN} | grep blocked", timeout=60)
    aio01.wait_until_succeeds(f"systemctl show -p ExecMainStatus {JOIN} | grep 78", timeout=60)
    printed = aio01.succeed(f"journalctl -u {JOIN}")
    t.assertIn("at least 65536GiB of memory", printed)
    t.assertIn("at least 1000 CPUs", printed)

with subtest("nobody was asked, and plan and status foresee it"):
    t.assertNotIn("Service is healthy", printed)
    t.assertIn("65536GiB", aio01.fail("first-boot-agent plan"))
    t.assertIn("65536GiB", aio01.fail("first-boot-agent status"))

with subtest("a configuration that fits wakes the unit"):
    aio01.succeed(f"sed -i 's/65536GiB/64MiB/; s/1000/1/' {CONFIG}")
    # The failed unit is woken a moment after the file is there: its state says nothing yet.
    aio01.wait_for_file(MARKER, timeout=60)
    aio01.wait_for_unit(JOIN, timeout=10)
