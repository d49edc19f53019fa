"""A single node is a cluster of one, from the document's own example."""

MARKERS = "/var/lib/first-boot-automation"

aio01.start()

with subtest("it is its own cluster"):
    aio01.wait_for_unit("chainfire-cluster-join.service", timeout=60)
    aio01.wait_for_unit("flaredb-cluster-join.service", timeout=60)
    aio01.wait_for_unit("iam-initial-setup.service", timeout=60)
    for marker in (".chainfire-initialized", ".flaredb-initialized", ".iam-initialized"):
        aio01.succeed(f"test -s {MARKERS}/{marker}")

with subtest("as the document checks it"):
    aio01.succeed("systemctl status chainfire-cluster-join.service")
    aio01.succeed("systemctl status flaredb-cluster-join.service")
    aio01.succeed("systemctl status iam-initial-setup.service")
    aio01.succeed(
        "curl -k https://localhost:2379/admin/cluster/members | jq --exit-status"
        " '.members | map([.id, .raft_addr, .status])"
        ' == [["aio01", "10.0.2.10:2380", "healthy"]]\''
    )

with subtest("a second run of each step changes nothing"):
    before = aio01.succeed(f"cat {MARKERS}/.chainfire-initialized {MARKERS}/.flaredb-initialized")
    for step in ("join chainfire", "join flaredb", "setup iam"):
        aio01.succeed(f"first-boot-agent {step}")
    after = aio01.succeed(f"cat {MARKERS}/.chainfire-initialized {MARKERS}/.flaredb-initialized")
    t.assertEqual(before, after)
    aio01.succeed("first-boot-agent health-check", timeout=30)
