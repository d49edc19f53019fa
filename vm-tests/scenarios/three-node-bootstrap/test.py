"""Three fresh nodes become one cluster with nobody watching (promises 1, 2, 4, 8)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
MARKERS = "/var/lib/first-boot-automation"


def members(machine, port):
    return f"{ASK} https://{machine.name}.prod.example.com:{port}/admin/cluster/members"


start_all()

with subtest("every unit of every node succeeds"):
    for node in nodes:
        node.wait_for_unit("chainfire-cluster-join.service", timeout=60)
        node.wait_for_unit("flaredb-cluster-join.service", timeout=60)
        node.wait_for_unit("iam-initial-setup.service", timeout=60)

with subtest("one chainfire and one flaredb, each with the three as voters"):
    clusters = set()
    for node in nodes:
        for port in (2379, 2479):
            node.succeed(
                members(node, port)
                + """ | jq --exit-status '[.members[] | [.id, .role]] ==
                [["node01", "voter"], ["node02", "voter"], ["node03", "voter"]]'"""
            )
            clusters.add(node.succeed(members(node, port) + " | jq --raw-output .cluster_id"))
    t.assertEqual(len(clusters), 2, "one cluster of each service")

with subtest("the markers say since when and who"):
    for node in nodes:
        for marker in (".chainfire-initialized", ".flaredb-initialized", ".iam-initialized"):
            # The first line is an RFC 3339 time: date refuses anything else.
            node.succeed(f'date --date="$(head --lines=1 {MARKERS}/{marker})"')
        node.succeed(f"grep --quiet --word-regexp {node.name} {MARKERS}/.chainfire-initialized")
        node.fail(f"ls {MARKERS}/.*-joined")

with subtest("IAM is set up once, by the first host of initial_peers"):
    node03.succeed(f"{ASK} https://localhost:8080/admin/setup | jq --exit-status .completed")
    for node in nodes:
        log.info(node.succeed(f"ls -la {MARKERS}"))

with subtest("the health check agrees"):
    for node in nodes:
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^ExecMainExitTimestamp=.",
            timeout=60,
        )
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^ActiveState=inactive",
            timeout=60,
        )
        node.succeed("systemctl show cluster-health-check.service | grep ^Result=success")
        node.succeed("first-boot-agent status --wait", timeout=30)
        node.succeed("first-boot-agent status --json | jq .")
        node.succeed("first-boot-agent plan")

with subtest("the boot was not held up and nothing failed"):
    for node in nodes:
        node.require_unit_state("multi-user.target")
        t.assertIn("0 loaded units", node.succeed("systemctl list-units --failed"))

with subtest("no secret has left"):
    for node in nodes:
        node.fail("journalctl | grep 'PRIVATE KEY'")
