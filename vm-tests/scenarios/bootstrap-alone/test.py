"""A peer that does not answer is never taken to mean "I am the first" (promise 4, row M11)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"

with subtest("alone, node01 is up, and its bootstrap waits"):
    node01.start()
    node01.wait_for_unit("multi-user.target", timeout=30)
    node01.wait_until_succeeds(
        f"systemctl show --property=StatusText {JOIN} | grep 'no leader is known'", timeout=30
    )
    t.assertEqual(node01.get_unit_property(JOIN, "ActiveState"), "activating")
    t.assertIn("chainfire", node01.fail("first-boot-agent status"))
    node01.fail(f"test -e {MARKER}")

with subtest("whom it waits for is named in its status line, in `status` and in the journal"):
    waits = "no answer from 2 of 3 initial peers, 2 are needed: node02:2380 (.*node03:2380 ("
    for shown in (
        f"systemctl show --property=StatusText {JOIN}",
        "first-boot-agent status",
        f"journalctl --boot --unit {JOIN}",
    ):
        node01.wait_until_succeeds(f"({shown} || true) | grep '{waits}'", timeout=60)

with subtest("a second one makes a majority: both are done, in the same run"):
    run = node01.get_unit_property(JOIN, "InvocationID")
    node02.start()
    for node in (node01, node02):
        node.wait_for_unit(JOIN, timeout=60)
        node.succeed(f"test -s {MARKER}")
    t.assertEqual(node01.get_unit_property(JOIN, "InvocationID"), run)

with subtest("the third one finds its cluster, and there is one"):
    node03.start()
    node03.wait_for_unit(JOIN, timeout=60)
    clusters = set()
    for node in nodes:
        listed = node.wait_until_succeeds(
            f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status --raw-output"
            " 'select([.members[] | select(.role == \"voter\")] | length == 3) | .cluster_id'",
            timeout=20,
        )
        clusters.add(listed)
    t.assertEqual(len(clusters), 1)
