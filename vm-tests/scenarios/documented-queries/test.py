"""Every command of the specification's troubleshooting and logging sections works."""

for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit("iam-initial-setup.service", timeout=60)
node04.start()
node04.wait_until_succeeds(
    "journalctl -u chainfire-cluster-join.service | grep 'Join request failed'", timeout=60
)

with subtest("Query Examples"):
    # All first-boot logs
    logs = node01.succeed(
        """journalctl -u "*cluster-join*" -u "*initial-setup*" -u "*health-check*" """
    )
    for unit_text in ("chainfire", "flaredb", "first-boot-agent"):
        t.assertIn(unit_text, logs)
    # Errors only: none on a node where all went well, some where the leader is unreachable
    node01.fail("""journalctl -u chainfire-cluster-join.service | grep '"level":"ERROR"'""")
    node04.succeed("""journalctl -u chainfire-cluster-join.service | grep '"level":"ERROR"'""")
    # Last boot only
    t.assertIn(
        "first-boot-agent", node01.succeed("journalctl -b -u chainfire-cluster-join.service")
    )
    # JSON output for parsing
    t.assertIn(
        "chainfire",
        node01.succeed("journalctl -u chainfire-cluster-join.service -o json | jq '.MESSAGE'"),
    )

with subtest("Check Service Status"):
    node01.succeed(
        """
# Overall status
systemctl status chainfire-cluster-join.service
systemctl status flaredb-cluster-join.service
# Detailed logs with JSON output
journalctl -u chainfire-cluster-join.service -o json-pretty
"""
    )
    # It follows until it is stopped; 124 is timeout's own exit code.
    follow = "timeout 2 journalctl -u chainfire-cluster-join.service -f"
    retry(lambda last: "first-boot-agent" in node01.execute(follow)[1], 30)
    t.assertEqual(node01.execute(follow)[0], 124)

with subtest("1. Health Check Timeout"):
    node01.succeed(
        """
# Check main service
systemctl status chainfire.service
journalctl -u chainfire.service
# Test health endpoint manually
curl -k https://localhost:2379/health
"""
    )

with subtest("2. Leader Unreachable"):
    node04.succeed(
        """
# Chainfire
iptables -A INPUT -p tcp --dport 2379 -s 10.0.1.0/24 -j ACCEPT # API
# Check firewall
iptables -L -n | grep 2379
"""
    )
    node04.fail("curl -k https://node09.prod.example.com:2379/health")
    node04.succeed("ping -c 1 node01.prod.example.com")
    node04.succeed("curl -k https://node01.prod.example.com:2379/health")
    t.assertIn("node09", node04.succeed("jq '.leader_url' /etc/nixos/secrets/cluster-config.json"))

with subtest("3. Invalid Configuration"):
    node04.succeed(
        """
# Check file exists
ls -la /etc/nixos/secrets/cluster-config.json
# Validate JSON syntax
jq . /etc/nixos/secrets/cluster-config.json
# Check required fields
jq '.node_id, .bootstrap, .leader_url' /etc/nixos/secrets/cluster-config.json
"""
    )

with subtest("4. and 5.: markers and members"):
    node01.succeed(
        """
curl -k https://node01.prod.example.com:2379/admin/cluster/members | jq
jq '.node_id, .raft_addr' /etc/nixos/secrets/cluster-config.json
ls -la /var/lib/first-boot-automation/
"""
    )
    for port, raft in ((2379, 2380), (2479, 2480)):
        node01.succeed(
            f"curl -k https://localhost:{port}/admin/cluster/members | jq --exit-status '"
            '[.members[] | {id, raft_addr, status}] == ['
            f'{{"id": "node01", "raft_addr": "10.0.1.10:{raft}", "status": "healthy"}},'
            f'{{"id": "node02", "raft_addr": "10.0.1.11:{raft}", "status": "healthy"}},'
            f'{{"id": "node03", "raft_addr": "10.0.1.12:{raft}", "status": "healthy"}}]\''
        )

with subtest("journalctl -x explains the failure and its remedy"):
    plain = node04.succeed("journalctl --no-pager -u chainfire-cluster-join.service")
    explained = node04.succeed("journalctl --no-pager -x -u chainfire-cluster-join.service")
    ours = explained.count("░░") - plain.count("░░")
    log.info(explained)
    t.assertGreater(ours, 0, "the catalog knows our messages")
    # The manager's own messages have entries too: ask for the agent's alone.
    node04.succeed(
        "journalctl --no-pager -x -p err SYSLOG_IDENTIFIER=first-boot-agent | grep '░░'"
    )

with subtest("Reporting Issues"):
    node04.succeed(
        """
cd /root
# Gather diagnostic information
journalctl -u chainfire-cluster-join.service > cluster-join.log
systemctl status chainfire-cluster-join.service > service-status.txt || true
cat /etc/nixos/secrets/cluster-config.json > config.json # Redact sensitive data!
ls -la /var/lib/first-boot-automation/ > markers.txt
test -s cluster-join.log
"""
    )

with subtest("Restart services, and one more time"):
    node02.succeed(
        """
systemctl restart chainfire.service
systemctl restart chainfire-cluster-join.service
""",
        timeout=60,
    )
    node02.wait_until_succeeds("curl -k --fail https://localhost:2379/health", timeout=30)
