"""A key that others can read is refused, and fixing it is enough (promises 5 and 7, row X1)."""

JOIN = "chainfire-cluster-join.service"
KEY = "/etc/nixos/secrets/aio01.key"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"

aio01.start()
aio01.wait_for_unit(JOIN, timeout=60)
aio01.succeed(f"systemctl stop {JOIN}", f"rm {MARKER}")

with subtest("it is refused, with the command that fixes it, and the unit is left alone"):
    aio01.succeed(f"chmod 644 {KEY}")
    aio01.fail(f"systemctl start {JOIN}")
    t.assertEqual(aio01.get_unit_property(JOIN, "ExecMainStatus"), "78")
    t.assertEqual(aio01.get_unit_property(JOIN, "NRestarts"), "0")
    aio01.succeed(f"journalctl -u {JOIN} | grep 'blocked: {KEY} is readable by others (mode 0644)'")
    status = aio01.fail("first-boot-agent status")
    t.assertIn(f"chmod 600 {KEY}", status)

with subtest("the command of the message is all it takes"):
    aio01.succeed(f"chmod 600 {KEY}")
    aio01.wait_for_file(MARKER, timeout=10)
