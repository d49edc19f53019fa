"""A single node is a cluster of one, from the specification's own example."""

MARKERS = "/var/lib/first-boot-automation"

aio01.start()

with subtest("it is its own cluster"):
    aio01.wait_for_unit("chainfire-cluster-join.service", timeout=60)
    aio01.wait_for_unit("flaredb-cluster-join.service", timeout=60)
    aio01.wait_for_unit("iam-initial-setup.service", timeout=60)
    for marker in (".chainfire-initialized", ".flaredb-initialized", ".iam-initialized"):
        aio01.succeed(f"test -s {MARKERS}/{marker}")

with subtest("as the specification checks it"):
    aio01.succeed("systemctl status chainfire-cluster-join.service")
    aio01.succeed("systemctl status flaredb-cluster-join.service")
    aio01.succeed("systemctl status iam-initial-setup.service")
    aio01.succeed(
        "curl -k https://localhost:2379/admin/cluster/members | jq --exit-status"
        " '.members | map([.id, .raft_addr, .status])"
        ' == [["aio01", "10.0.2.10:2380", "healthy"]]\''
    )

with subtest("a second run of each step changes nothing"):
    before = aio01.succeed(f"cat {MARKERS}/.chainfire-initialized {MARKERS}/.flaredb-initialized")
    for step in ("join chainfire", "join flaredb", "setup iam"):
        aio01.succeed(f"first-boot-agent {step}")
    after = aio01.succeed(f"cat {MARKERS}/.chainfire-initialized {MARKERS}/.flaredb-initialized")
    t.assertEqual(before, after)
    aio01.succeed("first-boot-agent health-check", timeout=30)

with subtest("without root, markers and units are shown, and what cannot be seen is named"):
    seen = aio01.fail("runuser --user nobody -- first-boot-agent status")
    for line in ("✓ chainfire  done", "✓ flaredb    done", "✓ iam        done", "Run it as root"):
        t.assertIn(line, seen)

with subtest("a wait has an end where one is given, and shows what it waits for"):
    aio01.succeed("systemctl stop iam.service")
    said = aio01.fail("first-boot-agent status --wait --timeout 1s 2>&1", timeout=30)
    t.assertIn("not done within 1s", said)
    t.assertRegex(said, r"\d+T\S+ health +failed ")
    aio01.succeed("systemctl start iam.service")
    aio01.succeed("first-boot-agent status --wait", timeout=30)

with subtest("metrics: nothing without an exporter, and a file for one that is there"):
    exporter = "/var/lib/prometheus/node-exporter"
    aio01.succeed("systemctl start first-boot-agent-metrics.service")
    aio01.fail(f"test -e {exporter}")
    aio01.succeed(f"install --directory --owner=nobody --mode=0755 {exporter}")
    aio01.succeed("systemctl start first-boot-agent-metrics.service", timeout=60)
    metrics = aio01.succeed(f"runuser --user nobody -- cat {exporter}/first-boot-agent.prom")
    for line in (
        'first_boot_agent_step_state{step="health",state="done"} 1',
        'first_boot_agent_voters_healthy{service="chainfire"} 1',
        'first_boot_agent_is_member{service="flaredb"} 1',
        'first_boot_agent_cluster_verdict{verdict="healthy"} 1',
    ):
        t.assertIn(line + "\n", metrics)
    t.assertRegex(metrics, r'first_boot_agent_certificate_not_after_seconds\{file="ca"\} \d{10}\n')
    t.assertEqual(aio01.succeed(f"ls -A {exporter}"), "first-boot-agent.prom\n")
    aio01.succeed("systemctl enable --now first-boot-agent-metrics.timer")
    aio01.require_unit_state("first-boot-agent-metrics.timer")
