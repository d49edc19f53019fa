"""Members that boot again repeat nothing and start nothing (promises 1, 2, 8)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
MARKERS = "/var/lib/first-boot-automation"
JOINS = ("chainfire-cluster-join", "flaredb-cluster-join", "iam-initial-setup")

for node in nodes[:3]:
    node.start(allow_reboot=True)
for node in nodes[:3]:
    node.wait_for_unit("iam-initial-setup.service", timeout=60)
node04.start()
node04.wait_for_unit("iam-initial-setup.service", timeout=60)

before = {node.name: node.succeed(f"tail --lines=+1 {MARKERS}/.*-*") for node in nodes}

with subtest("one bootstrapped node reboots, the joined one loses power"):
    node02.reboot()
    node04.crash()
    node04.start()

with subtest("no join unit starts a process"):
    for node in (node02, node04):
        node.wait_for_unit("multi-user.target", timeout=60)
        for unit in JOINS:
            # The condition is checked when the unit's job runs, soon after the target.
            node.wait_until_succeeds(
                f"systemctl show {unit}.service | grep ^ConditionTimestamp=.", timeout=30
            )
            info = node.get_unit_info(f"{unit}.service")
            t.assertEqual(info["ConditionResult"], "no", f"{unit} on {node.name}")
            t.assertEqual(info["ExecMainPID"], "0", f"{unit} on {node.name}")
            t.assertEqual(info["ActiveState"], "inactive", f"{unit} on {node.name}")
            written = node.succeed(f"journalctl --quiet -b _SYSTEMD_UNIT={unit}.service")
            t.assertEqual(written, "", f"{unit} on {node.name} wrote something")

with subtest("the health check compares markers with live membership and is content"):
    for node in (node02, node04):
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^ExecMainExitTimestamp=.",
            timeout=60,
        )
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^Result=success",
            timeout=60,
        )

with subtest("markers are as they were, and nobody asked for a change"):
    for node in nodes:
        t.assertEqual(before[node.name], node.succeed(f"tail --lines=+1 {MARKERS}/.*-*"))
    for node in (node02, node04):
        for port in (2379, 2479):
            node.succeed(
                f"{ASK} https://localhost:{port}/test/requests | jq --exit-status"
                ' \'map(select(.method != "GET" and (.path | startswith("/admin/")))) == []\''
            )
            node.wait_until_succeeds(
                f"{ASK} https://localhost:{port}/admin/cluster/members | jq --exit-status"
                " '[.members[] | select(.role == \"voter\")] | length == 4'",
                timeout=20,
            )
