"""A machine takes the name of a dead one where the configuration says so, not of a live one."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "chainfire-cluster-join.service"
STEPS = (("chainfire", 2379, 2380), ("flaredb", 2479, 2480))


def entries(port):
    """Address and role of the member named node04."""
    return node01.succeed(
        f"{ASK} https://localhost:{port}/admin/cluster/members"
        " | jq --raw-output '.members[] | select(.id == \"node04\") | .raft_addr, .role'"
    ).split()


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit("flaredb-cluster-join.service", timeout=60)
node04.start()
node04.wait_for_unit("flaredb-cluster-join.service", timeout=60)

with subtest("while node04 lives, nothing is replaced"):
    spare.start()
    spare.wait_until_succeeds(f"systemctl show {JOIN} | grep '^StatusText=blocked: '", timeout=60)
    said = spare.succeed(f"journalctl --output=cat -u {JOIN} | grep ^blocked:")
    t.assertIn("chainfire has a member node04 at 10.0.1.13:2380, not at this node's address", said)
    for service, port, raft_port in STEPS:
        t.assertEqual(entries(port), [f"10.0.1.13:{raft_port}", "voter"])

with subtest("node04 is lost, and the next check takes its place in both services"):
    node04.crash()
    for service, port, raft_port in STEPS:
        node01.wait_until_succeeds(
            f"{ASK} https://localhost:{port}/admin/cluster/members | jq --exit-status"
            " '[.members[] | select(.id == \"node04\") | .status] == [\"unreachable\"]'",
            timeout=30,
        )
    for service, port, raft_port in STEPS:
        spare.wait_for_file(f"{MARKERS}/.{service}-joined", timeout=60)
        t.assertEqual(entries(port), [f"10.0.1.16:{raft_port}", "voter"])
        spare.succeed(
            f"journalctl -u {service}-cluster-join.service"
            f" | grep 'Removed the old entry node04 at 10.0.1.13:{raft_port}'"
        )
    spare.succeed("first-boot-agent health-check", timeout=30)
