"""A machine with the name of a lost one: blocked, and the remedy works unchanged (M4)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
MARKERS = "/var/lib/first-boot-automation"
STEPS = (("chainfire", 2379, 2380), ("flaredb", 2479, 2480))


def entries(port):
    """Address and role of the member named node04."""
    return node01.succeed(
        f"{ASK} https://localhost:{port}/admin/cluster/members"
        " | jq --raw-output '.members[] | select(.id == \"node04\") | .raft_addr, .role'"
    ).split()


with subtest("node04 is a member, and then its machine is lost"):
    for node in nodes[:3]:
        node.start()
    for node in nodes[:3]:
        node.wait_for_unit("flaredb-cluster-join.service", timeout=60)
    node04.start()
    node04.wait_for_unit("flaredb-cluster-join.service", timeout=60)
    node04.crash()

for service, port, raft_port in STEPS:
    unit = f"{service}-cluster-join.service"

    with subtest(f"{service}: the entry of the old machine blocks the new one, and stays"):
        spare.wait_until_succeeds(
            f"systemctl show {unit} | grep '^StatusText=blocked: .*DELETE'", timeout=90
        )
        t.assertEqual(spare.get_unit_property(unit, "ActiveState"), "activating")
        t.assertEqual(spare.get_unit_property(unit, "NRestarts"), "0")
        spare.fail(f"ls {MARKERS}/.{service}-*")
        t.assertEqual(entries(port), [f"10.0.1.13:{raft_port}", "voter"])

    with subtest(f"{service}: status has the command that helps, ready to run"):
        spare.succeed("! first-boot-agent status > /root/status", timeout=30)
        status = spare.succeed("cat /root/status")
        log.info(status)
        t.assertIn(
            f"{service} has a member node04 at 10.0.1.13:{raft_port}, not at this node's address",
            status,
        )
        spare.succeed(
            "grep --only-matching \"curl .* -X DELETE '[^']*'\" /root/status > /root/remedy"
        )
        log.info(spare.succeed("cat /root/remedy", "bash -e /root/remedy"))
        t.assertEqual(entries(port), [])

    with subtest(f"{service}: it looks again by itself, and joins under the new address"):
        spare.wait_for_file(f"{MARKERS}/.{service}-joined", timeout=60)
        t.assertEqual(entries(port), [f"10.0.1.16:{raft_port}", "voter"])

with subtest("nothing of the old machine is left"):
    spare.succeed("first-boot-agent health-check", timeout=30)
