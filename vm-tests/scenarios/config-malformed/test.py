"""A config that is cut short, then wrong, then right: one report each, then success."""

MARKERS = "/var/lib/first-boot-automation"
CONFIG = "/etc/nixos/secrets/cluster-config.json"
UNIT = "chainfire-cluster-join.service"


def install_config(text):
    aio01.succeed(f"umask 077; cat > {CONFIG}.new <<'EOT'\n{text}\nEOT\nmv {CONFIG}.new {CONFIG}")


def blocked_with(*words):
    # The path unit may need a moment to start the unit again.
    for word in words:
        aio01.wait_until_succeeds(
            f"journalctl --output=cat -u {UNIT} | grep --fixed-strings -- '{word}'",
            timeout=20,
        )
    aio01.wait_until_succeeds(
        f"systemctl show {UNIT} | grep ^ExecMainStatus=78", timeout=20
    )


aio01.start()

with subtest("cut short: line and column, and the boot goes on"):
    aio01.wait_for_unit("multi-user.target", timeout=30)
    blocked_with(CONFIG, "line 4")
    t.assertEqual(aio01.get_unit_property(UNIT, "NRestarts"), "0")
    aio01.fail("first-boot-agent config validate")
    aio01.fail("first-boot-agent plan")

with subtest("wrong in three places: all of them in one report, by JSON path"):
    install_config(
        '{"node_id": "aio01", "bootstrap": "yes", "raft_adr": 1,'
        ' "raft_addr": "10.0.2.10", "initial_peers": ["aio01:0"]}'
    )
    blocked_with("$.bootstrap", "$.raft_addr", "$.initial_peers[0]")
    code, report = aio01.execute("first-boot-agent config validate 2>&1")
    log.info(report)
    t.assertEqual(code, 78)
    for path in ("$.bootstrap", "$.raft_addr", "$.initial_peers[0]", "raft_adr"):
        t.assertIn(path, report)

with subtest("nothing was touched meanwhile"):
    aio01.fail(f"ls {MARKERS}/.*-*")

with subtest("right: everything comes up by itself"):
    install_config(
        '{"node_id": "aio01", "bootstrap": true, "raft_addr": "10.0.2.10:2380",'
        ' "initial_peers": ["aio01:2380"], "flaredb_peers": ["aio01:2480"]}'
    )
    for marker in (".chainfire-initialized", ".flaredb-initialized", ".iam-initialized"):
        aio01.wait_for_file(f"{MARKERS}/{marker}", timeout=45)
    aio01.succeed("first-boot-agent config validate --strict")
    aio01.succeed("first-boot-agent status --wait", timeout=30)
