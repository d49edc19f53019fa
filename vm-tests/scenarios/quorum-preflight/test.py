"""Nobody is added while a dead voter would make the quorum depend on the new one (row M8)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"
first_three = nodes[:3]


def adds(nodes):
    asked = 0
    for node in nodes:
        asked += int(
            node.succeed(
                f"{ASK} https://localhost:2379/test/requests"
                " | jq 'map(select(.path == \"/admin/member/add\")) | length'"
            )
        )
    return asked


for node in first_three:
    node.start()
for node in first_three:
    node.wait_for_unit(JOIN, timeout=60)
node03.crash()
for node in (node01, node02):
    node.wait_until_succeeds(
        f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status"
        " '[.members[] | select(.id == \"node03\") | .status] == [\"unreachable\"]'",
        timeout=30,
    )

with subtest("with one of three voters dead, node04 is not added, and says why"):
    node04.start()
    node04.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep 'Not joining yet: 2 of 3 voters of chainfire are healthy'",
        timeout=30,
    )
    said = node04.succeed(f"journalctl --output=cat -u {JOIN} | grep 'Not joining yet'")
    t.assertRegex(said, "start node03; or, .*remove its entry: curl ")
    t.assertEqual(node04.get_unit_property(JOIN, "ActiveState"), "activating")
    t.assertIn("2 of 3 voters", node04.get_unit_property(JOIN, "StatusText"))
    log.info(node04.fail("first-boot-agent status", timeout=30))
    node04.fail(f"test -e {MARKER}")
    t.assertEqual(adds((node01, node02)), 0)

with subtest("the voter comes back, and the same run goes on by itself"):
    run = node04.get_unit_property(JOIN, "InvocationID")
    node03.start()
    node04.wait_for_unit(JOIN, timeout=60)
    t.assertEqual(node04.get_unit_property(JOIN, "InvocationID"), run)
    node04.succeed(f"test -s {MARKER}")
    node01.wait_until_succeeds(
        f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status"
        " '[.members[] | select(.role == \"voter\")] | length == 4'",
        timeout=20,
    )
