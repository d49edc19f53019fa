"""The way out and back: leave, reset; both refused where the quorum needs the node (M3, M5)."""

import json

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
AGENT = "first-boot-agent --log-format text"
MARKERS = "/var/lib/first-boot-automation"
PORTS = {"chainfire": 2379, "flaredb": 2479}
JOIN = "chainfire-cluster-join.service"
DROP_IN = f"/run/systemd/system/{JOIN}.d/blocked.conf"


def ids(port, asked):
    return asked.succeed(
        f"{ASK} https://localhost:{port}/admin/cluster/members | jq --raw-output '.members[].id'"
    ).split()


def events(node):
    """How many events of leaves and resets the journal has."""
    node.succeed("journalctl --sync")
    entries = node.succeed("journalctl --output=json -t first-boot-agent").splitlines()
    logged = [entry for entry in map(json.loads, entries) if "MESSAGE_ID" in entry]
    return len([entry for entry in logged if entry["OPERATION"] in ("leave", "reset")])


def is_out():
    for service, port in PORTS.items():
        t.assertEqual(ids(port, node01), ["node01", "node02", "node03"])
        node04.fail(f"ls {MARKERS}/.{service}-*")


def is_back():
    for service, port in PORTS.items():
        node04.wait_for_file(f"{MARKERS}/.{service}-joined", timeout=60)
        t.assertEqual(ids(port, node01), ["node01", "node02", "node03", "node04"])
    node04.wait_until_succeeds("first-boot-agent health-check", timeout=60)


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit("flaredb-cluster-join.service", timeout=60)
node04.start()
is_back()

with subtest("a dry run shows what would be done, and an answer that is not yes leaves it at that"):
    for command in ("leave", "reset all"):
        said = node04.succeed(f"{AGENT} {command} --dry-run", timeout=60)
        for service in PORTS:
            t.assertIn(f"{service:<10} remove node04 from its cluster, ", said)
        t.assertIn("Nothing was changed", said)
        # script(1) is a terminal for it.
        typed = f"echo n | script --quiet --return --command '{AGENT} {command}' /dev/null"
        t.assertIn("Continue? [y/N]", node04.fail(typed, timeout=60))
    t.assertIn("move /var/lib/chainfire to /var/lib/chainfire.backup-TIME", said)
    is_back()

with subtest("a dry run is refused by what would refuse the departure, and leaves no file"):
    node04.succeed(f"mount --bind {MARKERS} {MARKERS}", f"mount -o remount,bind,ro {MARKERS}")
    kept = node04.succeed(f"ls -A {MARKERS}")
    for command in ("leave", "reset chainfire"):
        said = node04.fail(f"{AGENT} {command} --dry-run 2>&1", timeout=60)
        t.assertIn("The state directory cannot be used, nothing was done", said)
        t.assertIn("findmnt --target", said)
    t.assertEqual(node04.succeed(f"ls -A {MARKERS}"), kept)
    node04.succeed(f"umount {MARKERS}")
    is_back()

with subtest("leave: the entries go, then the markers; data and services stay"):
    said = node04.succeed(f"{AGENT} leave 2>&1", timeout=60)
    log.info(said)
    for service in PORTS:
        t.assertIn(f"Left the {service} cluster, 3 members remain", said)
        node04.succeed(f"test -s /var/lib/{service}/raft.redb")
        node04.require_unit_state(f"{service}.service")
    is_out()

with subtest("its data is of the membership that has ended, and status says what helps"):
    for service in PORTS:
        node04.wait_until_succeeds(
            f"(first-boot-agent status || true) | grep '→ first-boot-agent reset {service} && '",
            timeout=60,
        )

with subtest("once more changes nothing, and is not an error"):
    said = node04.succeed(f"{AGENT} leave 2>&1", timeout=60)
    for service in PORTS:
        t.assertIn(f"Not a member of the {service} cluster", said)
    is_out()

with subtest("a join is blocked meanwhile"):
    blocked = r"[Service]\nExecStart=\nExecStart=/bin/sh -c \"exit 78\"\n"
    node04.succeed(f"mkdir --parents $(dirname {DROP_IN})", f"printf '{blocked}' > {DROP_IN}")
    node04.succeed("systemctl daemon-reload")
    node04.fail(f"systemctl start {JOIN}", timeout=60)
    node04.succeed(f"systemctl is-failed {JOIN}")

with subtest("reset: stopped, and the data moved aside; its last words bring the node back"):
    said = node04.succeed(f"{AGENT} reset all 2>&1", timeout=60)
    log.info(said)
    for service in PORTS:
        node04.fail(f"systemctl is-active {service}.service")
        node04.succeed(f"test -s /var/lib/{service}.backup-*/raft.redb")
        t.assertEqual(node04.succeed(f"ls -A /var/lib/{service}"), "")
    is_out()
    # What a run met before the reset is no longer so.
    node04.fail(f"systemctl is-failed {JOIN}")
    node04.succeed(f"rm {DROP_IN}", "systemctl daemon-reload")
    way = said.splitlines()[-1].partition("to join again: ")[2]
    t.assertIn("systemctl start chainfire.service flaredb.service && ", way)
    t.assertIn("--no-block", way)
    t.assertIn("systemctl start chainfire.service && ", node04.fail("first-boot-agent status"))
    node04.succeed(way, timeout=60)
    is_back()

with subtest("reset of a member: it leaves first, and what it knew is kept a second time"):
    said = node04.succeed(f"{AGENT} reset all 2>&1", timeout=60)
    for service in PORTS:
        t.assertIn(f"Left the {service} cluster, 3 members remain", said)
        node04.succeed(f"test $(ls -d /var/lib/{service}.backup-* | wc -l) -eq 2")
    is_out()

with subtest("a member that the quorum needs is refused both, and nothing changes"):
    node03.crash()
    for port in PORTS.values():
        node01.wait_until_succeeds(
            f"{ASK} https://localhost:{port}/admin/cluster/members | jq --exit-status"
            " '[.members[] | select(.id == \"node03\") | .status] == [\"unreachable\"]'",
            timeout=30,
        )
    # A dry run is refused as well, and is no event: no alert is made of it.
    logged = events(node02)
    kept = node02.succeed(f"ls -A {MARKERS}")
    for command in ("leave", "reset chainfire", "reset all"):
        code, said = node02.execute(f"first-boot-agent {command} --dry-run 2>&1", timeout=60)
        t.assertEqual(code, 78)
        t.assertIn("without node02 there would be no quorum", said)
    t.assertEqual(events(node02), logged)
    t.assertEqual(node02.succeed(f"ls -A {MARKERS}"), kept)
    node02.fail("first-boot-agent leave", timeout=60)
    t.assertGreater(events(node02), logged, "what is no dry run is an event")
    for command in ("leave", "reset chainfire", "reset all"):
        code, said = node02.execute(f"{AGENT} {command} 2>&1", timeout=60)
        log.info(said)
        t.assertEqual(code, 78)
        t.assertIn("without node02 there would be no quorum", said)
        t.assertIn("--accept-quorum-loss", said)
    for service, port in PORTS.items():
        t.assertEqual(ids(port, node01), ["node01", "node02", "node03"])
        node02.succeed(f"test -s {MARKERS}/.{service}-initialized")
        node02.require_unit_state(f"{service}.service")

with subtest("asked twice, it leaves, and says that its entry may stay: nobody can agree any more"):
    said = node02.succeed(f"{AGENT} reset chainfire --accept-quorum-loss 2>&1", timeout=60)
    log.info(said)
    t.assertIn("Resetting although the cluster may still count this node", said)
    t.assertIn("Data moved from /var/lib/chainfire to /var/lib/chainfire.backup-", said)
    node02.fail(f"ls {MARKERS}/.chainfire-*")
    node02.fail("systemctl is-active chainfire.service")
    node02.succeed("test -s /var/lib/chainfire.backup-*/raft.redb")
    node02.succeed(f"test -s {MARKERS}/.flaredb-initialized")
