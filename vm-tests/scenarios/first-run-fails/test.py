"""Failed first runs stop nothing for good, and nothing of the boot waits for them (rows D6, D7)."""

JOIN = "chainfire-cluster-join.service"
MARKERS = "/var/lib/first-boot-automation"

node04.start()


def returns_while_the_join_is_under_way(_last):
    """A start that waited for the join would come back to no job of it."""
    node04.succeed("systemctl start multi-user.target")
    return JOIN in node04.succeed("systemctl list-jobs --no-legend")


with subtest("the boot and a start of its target do not wait for the join"):
    node04.wait_for_unit("multi-user.target", timeout=30)
    retry(returns_while_the_join_is_under_way, 60)

with subtest("chainfire's join fails, and flaredb's start is dropped with it"):
    node04.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep 'Failed to join cluster after 2 attempts'", timeout=60
    )
    node04.wait_until_succeeds(
        "journalctl -u flaredb-cluster-join.service | grep 'Dependency failed'", timeout=10
    )
    status = node04.fail("first-boot-agent status")
    t.assertIn("chainfire", status)

with subtest("the cluster appears, and everything comes up by itself"):
    node01.start()
    for marker in (".chainfire-joined", ".flaredb-joined", ".iam-initialized"):
        node04.wait_for_file(f"{MARKERS}/{marker}", timeout=90)
    node04.wait_until_succeeds("first-boot-agent status", timeout=60)
