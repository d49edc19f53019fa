"""A fourth node joins a running cluster (promises 1 to 3)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
MARKERS = "/var/lib/first-boot-automation"
first_three = nodes[:3]

for node in first_three:
    node.start()
for node in first_three:
    node.wait_for_unit("iam-initial-setup.service", timeout=60)

with subtest("node04 joins by itself"):
    node04.start()
    node04.wait_for_unit("chainfire-cluster-join.service", timeout=60)
    node04.wait_for_unit("flaredb-cluster-join.service", timeout=60)
    node04.wait_for_unit("iam-initial-setup.service", timeout=60)

with subtest("both clusters list it once, as a voter, on every node"):
    for port, raft in ((2379, 2380), (2479, 2480)):
        for node in nodes:
            node.wait_until_succeeds(
                f"{ASK} https://localhost:{port}/admin/cluster/members | jq --exit-status"
                f""" '(.members | length == 4) and
                ([.members[] | select(.id == "node04" and .role == "voter"
                and .raft_addr == "10.0.1.13:{raft}")] | length == 1)'""",
                timeout=20,
            )

with subtest("it was added once"):
    for port in (2379, 2479):
        adds = 0
        for node in first_three:
            adds += int(
                node.succeed(
                    f"{ASK} https://localhost:{port}/test/requests | jq"
                    ' \'map(select(.method == "POST" and .path == "/admin/member/add")) | length\''
                )
            )
        log.info(f"POST /admin/member/add on port {port}: {adds}")
        t.assertGreaterEqual(adds, 1)
        t.assertLessEqual(adds, 2, "at most one hint was followed")

with subtest("the markers name this node, and joining left none of bootstrap"):
    for service in ("chainfire", "flaredb"):
        marker = f"{MARKERS}/.{service}-joined"
        node04.succeed(f'date --date="$(head --lines=1 {marker})"')
        node04.succeed(f"grep --quiet --word-regexp node04 {marker}")
        node04.fail(f"test -e {MARKERS}/.{service}-initialized")

with subtest("the journal has every step"):
    node04.succeed("journalctl -u chainfire-cluster-join.service | grep 'Successfully joined'")
    node04.succeed(
        "journalctl -u chainfire-cluster-join.service --output=json"
        " | jq --exit-status --slurp 'any(.MESSAGE_ID != null and .NODE_ID == \"node04\")'"
    )

with subtest("status and health check agree"):
    node04.succeed("first-boot-agent status --wait", timeout=30)
    node04.succeed("first-boot-agent health-check", timeout=30)
