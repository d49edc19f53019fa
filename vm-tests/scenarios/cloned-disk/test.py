"""A marker of another machine is an alarm, and never a membership (promise 2, row S3)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
CHECK = "cluster-health-check.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"


def members():
    return node01.succeed(
        f"{ASK} https://localhost:2379/admin/cluster/members | jq --raw-output '.members[].id'"
    ).split()


node01.start()
node01.wait_for_unit(JOIN, timeout=60)

with subtest("node05 boots with the marker of another machine: an alarm, and no membership"):
    node05.start()
    node05.wait_until_succeeds(
        f"journalctl -u {CHECK} -p err | grep 'blocked: marker {MARKER} is not this node'",
        timeout=30,
    )
    own = node05.succeed("cat /etc/machine-id").strip()
    node05.succeed(
        f"journalctl -u {CHECK} | grep 'machine_id is 00000000000000000000000000000001 there"
        f" and {own} here'"
    )
    node05.fail("first-boot-agent health-check", timeout=30)
    t.assertEqual(node05.execute("first-boot-agent join chainfire", timeout=30)[0], 78)
    t.assertEqual(members(), ["node01"])

with subtest("status says what to do, and doing it makes node05 a member"):
    node05.succeed("! first-boot-agent status > /root/status", timeout=30)
    status = node05.succeed("cat /root/status")
    log.info(status)
    t.assertIn(f"→ rm {MARKER}\n", status)
    t.assertIn(f"then `systemctl restart --no-block {JOIN}`", status)
    node05.succeed(f"rm {MARKER}", f"systemctl restart {JOIN}", timeout=60)
    node05.succeed(f"grep --line-regexp machine_id={own} {MARKER}")
    t.assertEqual(members(), ["node01", "node05"])
    node05.wait_until_succeeds("first-boot-agent health-check", timeout=30)
