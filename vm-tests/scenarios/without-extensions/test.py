"""Services that report no role, leader, cluster or incarnation: the promises hold all the same."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
MARKERS = "/var/lib/first-boot-automation"
PORTS = {"chainfire": 2379, "flaredb": 2479}


def entries(port):
    return node01.succeed(
        f"{ASK} https://localhost:{port}/admin/cluster/members"
        " | jq --compact-output '.members[] | [.id, keys]'"
    ).splitlines()


node01.start()
node01.wait_for_unit("flaredb-cluster-join.service", timeout=60)
node04.start()
node04.wait_for_unit("flaredb-cluster-join.service", timeout=60)

with subtest("node04 is a member once, and the services reported no more than they must"):
    for service, port in PORTS.items():
        node04.succeed(f"test -s {MARKERS}/.{service}-joined")
        t.assertEqual(
            entries(port),
            [f'["{name}",["id","raft_addr","status"]]' for name in ("node01", "node04")],
        )
    node04.wait_until_succeeds("first-boot-agent health-check", timeout=30)

with subtest("Reset and Re-join, word for word: the entry is adopted, and nothing is added"):
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
    node04.succeed("systemctl start flaredb.service")
    for service, port in PORTS.items():
        node04.wait_for_file(f"{MARKERS}/.{service}-joined", timeout=60)
        t.assertEqual(len(entries(port)), 2)
        node01.succeed(
            f"{ASK} https://localhost:{port}/test/requests | jq --exit-status"
            " 'map(select(.path == \"/admin/member/add\")) | length == 1'"
        )

with subtest("leave and reset find their way without knowing who leads"):
    said = node04.succeed("first-boot-agent --log-format text reset all 2>&1", timeout=60)
    for service, port in PORTS.items():
        t.assertIn(f"Left the {service} cluster, 1 members remain", said)
        t.assertEqual(len(entries(port)), 1)
