"""Two units join a node, and one name stops, enables and disables both."""

CHAINFIRE = "chainfire-cluster-join.service"
FLAREDB = "flaredb-cluster-join.service"
CHECK = "cluster-health-check.service"
MARKERS = "/var/lib/first-boot-automation"


def ids(port):
    return node01.succeed(
        f"curl -sSk --fail https://localhost:{port}/admin/cluster/members | jq -r '.members[].id'"
    ).split()


def neither_runs():
    for unit in (CHAINFIRE, FLAREDB):
        node04.fail(f"systemctl is-active {unit}")
        # A oneshot unit that is stopped while it starts is left as failed.
        t.assertIn(node04.get_unit_property(unit, "ActiveState"), ("inactive", "failed"))
    for service in ("chainfire", "flaredb"):
        node04.fail(f"test -e {MARKERS}/.{service}-joined")
        node04.fail(f"test -e {MARKERS}/.{service}-initialized")


with subtest("the joins of node04 wait for its chainfire"):
    node04.start(allow_reboot=True)
    node04.wait_for_unit("multi-user.target", timeout=30)
    # Its cluster is not there yet, so that it cannot have joined so far.
    node04.succeed("systemctl stop chainfire.service")
    node04.succeed(f"systemctl restart --no-block {CHAINFIRE}")
    node04.wait_until_succeeds(
        f"journalctl -u {CHAINFIRE} | grep 'Waiting for chainfire.service'", timeout=30
    )
    node01.start()
    node01.wait_for_file(f"{MARKERS}/.flaredb-initialized", timeout=60)

with subtest("a stop of chainfire's join stops both"):
    node04.succeed(f"systemctl stop {CHAINFIRE}")
    node04.succeed("systemctl start chainfire.service")
    neither_runs()

with subtest("one name brings both up again"):
    node04.succeed(f"systemctl enable --now {CHAINFIRE}", timeout=60)
    for service in ("chainfire", "flaredb"):
        node04.wait_for_file(f"{MARKERS}/.{service}-joined", timeout=60)
    for port in (2379, 2479):
        t.assertIn("node04", ids(port))
    node04.wait_for_file(f"{MARKERS}/.iam-initialized", timeout=60)

with subtest("Remove Node, and Disable First-Boot Automation"):
    node01.succeed(
        """
# Chainfire
curl -k -X DELETE https://node01.prod.example.com:2379/admin/member/node04
# FlareDB
curl -k -X DELETE https://node01.prod.example.com:2479/admin/member/node04
"""
    )
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
    node04.succeed(
        """
systemctl stop chainfire-cluster-join.service
systemctl disable chainfire-cluster-join.service
"""
    )
    for unit in (CHAINFIRE, FLAREDB):
        node04.fail(f"systemctl is-enabled --quiet {unit}")

with subtest("a reboot joins nothing"):
    node04.reboot()
    node04.wait_for_unit("multi-user.target", timeout=30)
    # Ordered after both joins: it would wait for one that had been started.
    node04.wait_until_succeeds(f"journalctl -b -u {CHECK} | grep 'luster is'", timeout=60)
    neither_runs()
    node04.fail(f"journalctl -b -q -u {CHAINFIRE} -u {FLAREDB} | grep .")
    for port in (2379, 2479):
        t.assertNotIn("node04", ids(port))
