"""Three fresh machines become one etcd cluster, through Debian's own unit (row E10)."""

import json

SECRETS = "/etc/nixos/secrets"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"


def etcdctl(machine, words):
    name = machine.name
    keys = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/{name}.crt --key={SECRETS}/{name}.key"
    at = f"--endpoints=https://{name}.prod.example.com:2379"
    return machine.succeed(f"ETCDCTL_API=3 etcdctl {keys} {at} {words}", timeout=60)


start_all()

with subtest("every machine's join ends well"):
    for node in nodes:
        node.wait_for_unit(JOIN, timeout=120)
        node.require_unit_state("etcd.service")
        t.assertEqual(node.get_unit_property("etcd.service", "NRestarts"), "0")

with subtest("each of them lists three started voters, named as the nodes"):
    clusters = set()
    for node in nodes:
        said = json.loads(etcdctl(node, "member list --write-out=json"))
        clusters.add(f"{said['header']['cluster_id']:x}")
        listed = sorted((one["name"], one["peerURLs"]) for one in said["members"])
        expected = [(f"node0{n}", [f"https://10.0.1.{9 + n}:2380"]) for n in (1, 2, 3)]
        t.assertEqual(listed, expected)
        for line in etcdctl(node, "member list").splitlines():
            fields = line.split(", ")
            t.assertEqual((fields[1], fields[5]), ("started", "false"), line)
    t.assertEqual(len(clusters), 1)

with subtest("what one writes, another reads"):
    etcdctl(node01, "put /scenario/key written-on-node01")
    t.assertIn("written-on-node01", etcdctl(node03, "get /scenario/key"))

with subtest("the markers say since when, who, and of which cluster"):
    for node in nodes:
        marker = f"{MARKERS}/.etcd-initialized"
        # The first line is an RFC 3339 time: date refuses anything else.
        node.succeed(f'date --date="$(head --lines=1 {marker})"')
        node.succeed(f"grep --quiet --line-regexp node_id={node.name} {marker}")
        node.succeed(f"grep --quiet --line-regexp cluster_id={min(clusters)} {marker}")
        node.fail(f"ls {MARKERS}/.*-joined")

with subtest("status and health check agree"):
    for node in nodes:
        log.info(node.succeed("first-boot-agent status --wait", timeout=120))
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^ExecMainExitTimestamp=.",
            timeout=60,
        )
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^ActiveState=inactive",
            timeout=60,
        )
        node.succeed("systemctl show cluster-health-check.service | grep ^Result=success")

with subtest("the first start of etcd was skipped, and nothing failed"):
    for node in nodes:
        node.succeed("journalctl -u etcd.service | grep 'unmet condition check'")
        node.require_unit_state("multi-user.target")
        t.assertIn("0 loaded units", node.succeed("systemctl list-units --failed"))

with subtest("etcd runs as its own account, and no secret has left"):
    for node in nodes:
        pid = node.get_unit_property("etcd.service", "MainPID")
        t.assertEqual(node.succeed(f"stat --format=%U /proc/{pid}").strip(), "etcd")
        t.assertEqual(node.succeed(f"stat --format=%a {SECRETS}").strip(), "700")
        node.fail("journalctl | grep 'PRIVATE KEY'")
