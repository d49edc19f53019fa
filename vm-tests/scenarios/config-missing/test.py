"""No config: the boot goes on, the unit says what is missing, and its arrival is enough."""

MARKERS = "/var/lib/first-boot-automation"
CONFIG = "/etc/nixos/secrets/cluster-config.json"

aio01.start()

with subtest("the boot does not wait"):
    aio01.wait_for_unit("multi-user.target", timeout=30)

with subtest("the join is blocked, says why and what to do, and is not repeated"):
    aio01.wait_until_succeeds(
        "systemctl show chainfire-cluster-join.service | grep ^ExecMainStatus=78",
        timeout=30,
    )
    said = aio01.succeed("journalctl --output=cat -u chainfire-cluster-join.service")
    log.info(said)
    t.assertIn("Configuration file not found", said)
    t.assertIn(CONFIG, said)
    info = aio01.get_unit_info("chainfire-cluster-join.service")
    t.assertEqual(info["ActiveState"], "failed")
    t.assertEqual(info["NRestarts"], "0")
    code, _ = aio01.execute("first-boot-agent join chainfire")
    t.assertEqual(code, 78)
    aio01.fail(f"ls {MARKERS}/.*-*")

with subtest("a config that others may read is refused, with the command that helps"):
    aio01.succeed(
        """umask 022; echo '{"node_id": "aio01", "bootstrap": true, "raft_addr": "10.0.2.10:2380",
        "initial_peers": ["aio01:2380"], "flaredb_peers": ["aio01:2480"]}' > /root/config.json"""
    )
    code, _ = aio01.execute("first-boot-agent --config /root/config.json join chainfire")
    t.assertEqual(code, 78)

with subtest("a unit that was started again and again is woken like any other"):
    unit = "chainfire-cluster-join.service"
    aio01.succeed(
        f"for _ in $(seq 8); do systemctl stop {unit}; systemctl start --no-block {unit}; done"
    )
    aio01.wait_until_succeeds(f"systemctl is-failed {unit}", timeout=30)
    aio01.succeed("systemctl is-active chainfire-cluster-join.path flaredb-cluster-join.path")

with subtest("the file arrives and everything comes up by itself"):
    aio01.succeed(f"install --mode=0600 /root/config.json {CONFIG}.new && mv {CONFIG}.new {CONFIG}")
    for marker in (".chainfire-initialized", ".flaredb-initialized", ".iam-initialized"):
        aio01.wait_for_file(f"{MARKERS}/{marker}", timeout=45)
    aio01.wait_for_unit("chainfire-cluster-join.service", timeout=10)
    aio01.wait_until_succeeds(
        "systemctl show cluster-health-check.service | grep ^Result=success", timeout=60
    )
    aio01.succeed("first-boot-agent status --wait", timeout=30)
