"""A removed member reports the removal at its next boot; nothing else changes (row M7)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
CHECK = "cluster-health-check.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"
first_three = nodes[:3]


def members():
    return node01.succeed(
        f"{ASK} https://localhost:2379/admin/cluster/members"
        " | jq --raw-output '.members[] | \"\\(.id) \\(.raft_addr) \\(.role)\"'"
    ).splitlines()


def changes():
    """How often a change was requested, by any client."""
    asked = 0
    for node in first_three:
        asked += int(
            node.succeed(
                f"{ASK} https://localhost:2379/test/requests"
                " | jq 'map(select(.method != \"GET\")) | length'"
            )
        )
    return asked


def remove_node04():
    # The leader answers 200, the others 421.
    for node in first_three:
        node.execute(f"{ASK} -X DELETE https://localhost:2379/admin/member/node04")
    t.assertEqual(len(members()), 3)


def drift_is_told(before, asked):
    node04.wait_until_succeeds(f"journalctl -b -u {CHECK} | grep 'Membership drift'", timeout=60)
    node04.fail("first-boot-agent health-check", timeout=30)
    status = node04.fail("first-boot-agent status", timeout=30)
    log.info(status)
    t.assertIn("does not have this node", status)
    t.assertIn("if it should be a member", status)
    t.assertIn("→ first-boot-agent reset chainfire && systemctl start ", status)
    # The marker stays for the operator to judge, and the join unit has not run.
    node04.succeed(f"test -e {MARKER}")
    t.assertEqual(node04.get_unit_property(JOIN, "ConditionResult"), "no")
    t.assertEqual(members(), before)
    t.assertEqual(changes(), asked)


def comes_back():
    # What it still has is of a membership that has ended: with that, it does not wait to be added.
    node04.succeed("first-boot-agent reset chainfire", timeout=60)
    node04.succeed(f"systemctl start chainfire.service && systemctl restart {JOIN}", timeout=60)
    node04.succeed(f"test -s {MARKER}")
    t.assertEqual(members(), with_node04)
    node04.wait_until_succeeds("first-boot-agent health-check", timeout=30)


for node in first_three:
    node.start()
for node in first_three:
    node.wait_for_unit(JOIN, timeout=60)
node04.start(allow_reboot=True)
node04.wait_for_unit(JOIN, timeout=60)
with_node04 = members()

with subtest("removed while it runs: reported at the next boot, with a way back"):
    remove_node04()
    before, asked = members(), changes()
    node04.reboot()
    drift_is_told(before, asked)
    comes_back()

with subtest("removed while it is switched off: the same"):
    node04.shutdown()
    remove_node04()
    before, asked = members(), changes()
    node04.start()
    drift_is_told(before, asked)
    comes_back()
