"""A marker of another node is an alarm at every boot, never a success (promise 2, row S3)."""

STATE = "/var/lib/first-boot-automation"
MARKER = f"{STATE}/.chainfire-initialized"
JOIN = "chainfire-cluster-join.service"
CHECK = "cluster-health-check.service"

aio01.start()
aio01.wait_for_unit("iam-initial-setup.service", timeout=60)

with subtest("the disk boots with the marker of node77"):
    aio01.succeed(f"sed -i s/^node_id=.*/node_id=node77/ {MARKER}")
    aio01.shutdown()
    aio01.start()
    aio01.wait_until_succeeds(
        f"journalctl -b -u {CHECK} | grep 'node_id is node77 there and aio01 here'", timeout=30
    )
    aio01.succeed(f"journalctl -b -u {CHECK} -p err | grep 'blocked: marker {MARKER}'")

with subtest("status says what to do, and doing it is enough"):
    status = aio01.fail("first-boot-agent status")
    t.assertIn(f"rm {MARKER}", status)
    t.assertIn(f"systemctl restart --no-block {JOIN}", status)
    aio01.succeed(f"rm {MARKER}", f"systemctl restart {JOIN}", f"grep node_id=aio01 {MARKER}")
    aio01.succeed("first-boot-agent status --wait", timeout=60)

with subtest("a reader that closes early is not a fault"):
    aio01.succeed("first-boot-agent config show | head --lines=1")

with subtest("without root, the marker of another machine is no success"):
    seen = "runuser --user nobody -- first-boot-agent status"
    t.assertIn("✓ chainfire  done", aio01.fail(seen))
    aio01.succeed(f"sed -i s/^machine_id=.*/machine_id=$(systemd-id128 new)/ {MARKER}")
    t.assertNotIn("✓ chainfire", aio01.fail(seen))
