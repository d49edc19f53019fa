"""The specification's manual operations, word for word, on a node that cannot join by itself."""

MARKERS = "/var/lib/first-boot-automation"
CONFIG = "/etc/nixos/secrets/cluster-config.json"


def wait_for_members(port, count):
    node01.wait_until_succeeds(
        f"curl -sS -k https://localhost:{port}/admin/cluster/members | jq --exit-status"
        f" '.members | length == {count}'",
        timeout=30,
    )


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit("iam-initial-setup.service", timeout=60)

with subtest("the leader is node01, as in the specification"):
    for port in (2379, 2479):
        # An election can be lost to another candidate: ask until it is won.
        node01.wait_until_succeeds(
            f"curl -sSk https://localhost:{port}/admin/cluster/members"
            " | jq -e '.leader == \"node01\"'"
            f" || (curl -sSk -X POST https://localhost:{port}/test/elect; false)",
            timeout=30,
        )

with subtest("the automation of node04 fails, and says so"):
    node04.start()
    node04.wait_until_succeeds(
        "journalctl -u chainfire-cluster-join.service | grep 'Join request failed'", timeout=60
    )

with subtest("Manual Cluster Join: Chainfire"):
    node04.wait_until_succeeds("curl -k --fail https://localhost:2379/health", timeout=30)
    node04.succeed(
        r"""
# On joining node, ensure service is running and healthy
curl -k https://localhost:2379/health
# From any node, add member to cluster
curl -k -X POST https://node01.prod.example.com:2379/admin/member/add \
-H "Content-Type: application/json" \
-d '{
"id": "node04",
"raft_addr": "10.0.1.13:2380"
}'
# Create marker to prevent auto-retry
mkdir -p /var/lib/first-boot-automation
date -Iseconds > /var/lib/first-boot-automation/.chainfire-joined
"""
    )
    wait_for_members(2379, 4)

with subtest("Manual Cluster Join: FlareDB"):
    node04.succeed(
        r"""
curl -k -X POST https://node01.prod.example.com:2479/admin/member/add \
-H "Content-Type: application/json" \
-d '{
"id": "node04",
"raft_addr": "10.0.1.13:2480"
}'
date -Iseconds > /var/lib/first-boot-automation/.flaredb-joined
"""
    )
    wait_for_members(2479, 4)

with subtest("a marker written by hand is accepted"):
    for unit in ("chainfire-cluster-join.service", "flaredb-cluster-join.service"):
        node04.succeed(f"systemctl restart {unit}")
        t.assertEqual(node04.get_unit_property(unit, "ConditionResult"), "no")
    node04.wait_for_file(f"{MARKERS}/.iam-initialized", timeout=45)
    node04.wait_until_succeeds("first-boot-agent health-check", timeout=30)

with subtest("Remove Node from Cluster"):
    node01.succeed(
        """
# Chainfire
curl -k -X DELETE https://node01.prod.example.com:2379/admin/member/node04
# FlareDB
curl -k -X DELETE https://node01.prod.example.com:2479/admin/member/node04
"""
    )
    wait_for_members(2379, 3)
    wait_for_members(2479, 3)
    node04.succeed(
        """
# Stop services
systemctl stop chainfire.service flaredb.service
# Clean up data
rm -rf /var/lib/chainfire/*
rm -rf /var/lib/flaredb/*
rm /var/lib/first-boot-automation/.chainfire-*
rm /var/lib/first-boot-automation/.flaredb-*
"""
    )

with subtest("with a leader it can reach, the node comes back by itself"):
    node04.succeed(
        f"umask 077; jq '.leader_url = \"https://node01.prod.example.com:2379\"' {CONFIG}"
        f" > {CONFIG}.new && mv {CONFIG}.new {CONFIG}"
    )
    node04.succeed("systemctl start chainfire.service flaredb.service")
    for service in ("chainfire", "flaredb"):
        node04.wait_for_file(f"{MARKERS}/.{service}-joined", timeout=45)
    wait_for_members(2379, 4)
    wait_for_members(2479, 4)

with subtest("Reset and Re-join"):
    node04.succeed(
        """
# Stop services
systemctl stop chainfire.service flaredb.service
# Remove data and markers
rm -rf /var/lib/chainfire/*
rm -rf /var/lib/flaredb/*
rm /var/lib/first-boot-automation/.chainfire-*
rm /var/lib/first-boot-automation/.flaredb-*
# Restart (will auto-join)
systemctl start chainfire.service
systemctl restart chainfire-cluster-join.service
""",
        timeout=60,
    )
    node04.wait_for_file(f"{MARKERS}/.chainfire-joined", timeout=45)
    node04.succeed("systemctl start flaredb.service")
    node04.wait_for_file(f"{MARKERS}/.flaredb-joined", timeout=45)
    wait_for_members(2379, 4)
    wait_for_members(2479, 4)
    # Still listed, and its data is lost: the old entry is not taken for this node's.
    for service, port in (("chainfire", 2380), ("flaredb", 2480)):
        node04.succeed(
            f"journalctl -u {service}-cluster-join.service"
            f" | grep 'Removed the old entry node04 at 10.0.1.13:{port}'"
        )

with subtest("Disable First-Boot Automation"):
    node04.succeed(
        """
systemctl stop chainfire-cluster-join.service
systemctl disable chainfire-cluster-join.service
"""
    )
    node04.fail("systemctl is-enabled --quiet chainfire-cluster-join.service")
    node04.fail("systemctl is-active --quiet chainfire-cluster-join.service")

with subtest("Re-enable After Manual Operations"):
    node04.succeed(
        """
# Create marker files to indicate join complete
mkdir -p /var/lib/first-boot-automation
date -Iseconds > /var/lib/first-boot-automation/.chainfire-joined
date -Iseconds > /var/lib/first-boot-automation/.flaredb-joined
# Or re-enable automation (will skip if markers exist)
systemctl enable --now chainfire-cluster-join.service
"""
    )
    node04.succeed("systemctl is-enabled --quiet chainfire-cluster-join.service")
    t.assertEqual(
        node04.get_unit_property("chainfire-cluster-join.service", "ConditionResult"), "no"
    )
