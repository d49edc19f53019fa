"""A fourth machine joins a running etcd cluster as a voter (rows E1, E3, E4)."""

import json

SECRETS = "/etc/nixos/secrets"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
first_three = nodes[:3]


def etcdctl(machine, words):
    name = machine.name
    keys = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/{name}.crt --key={SECRETS}/{name}.key"
    at = f"--endpoints=https://{name}.prod.example.com:2379"
    return machine.succeed(f"ETCDCTL_API=3 etcdctl {keys} {at} {words}", timeout=60)


for node in first_three:
    node.start()
for node in first_three:
    node.wait_for_unit(JOIN, timeout=120)
etcdctl(node02, "put /scenario/key written-before")

with subtest("node04 joins by itself"):
    node04.start()
    node04.wait_for_unit(JOIN, timeout=120)

with subtest("every member lists it once, started and as a voter"):
    for node in nodes:
        lines = etcdctl(node, "member list").splitlines()
        t.assertEqual(len(lines), 4)
        [own] = [line.split(", ") for line in lines if ", node04, " in line]
        t.assertEqual(own[1], "started")
        t.assertEqual(own[3:], ["https://10.0.1.13:2380", "https://10.0.1.13:2379", "false"])

with subtest("it reads what was written before"):
    t.assertIn("written-before", etcdctl(node04, "get /scenario/key"))
    # From its own data, asking nobody.
    t.assertIn("written-before", etcdctl(node04, "get --consistency=s /scenario/key"))

with subtest("it was added once, as a learner, and promoted"):
    printed = node04.succeed(f"journalctl --output=cat -u {JOIN}")
    log.info(printed)
    t.assertEqual(printed.count("Member add accepted"), 1)
    node04.succeed(f"journalctl -u {JOIN} | grep 'Successfully joined cluster, now 4 members'")
    node01.succeed("journalctl -u etcd.service | grep --ignore-case 'promote member'")

with subtest("its marker names this node and etcd's own cluster"):
    said = json.loads(etcdctl(node01, "member list --write-out=json"))
    marker = f"{MARKERS}/.etcd-joined"
    log.info(node04.succeed(f"cat {marker}"))
    node04.succeed(f'date --date="$(head --lines=1 {marker})"')
    node04.succeed(f"grep --quiet --line-regexp node_id=node04 {marker}")
    node04.succeed(f"grep --line-regexp cluster_id={said['header']['cluster_id']:x} {marker}")
    node04.fail(f"test -e {MARKERS}/.etcd-initialized")

with subtest("from its marker on, its environment names nobody but itself"):
    environment = node04.succeed(f"cat {MARKERS}/etcd.env")
    log.info(environment)
    t.assertIn("ETCD_INITIAL_CLUSTER_STATE=existing", environment)
    t.assertIn("ETCD_INITIAL_CLUSTER=node04=https://10.0.1.13:2380\n", environment)

with subtest("status and health check agree"):
    for node in nodes:
        node.succeed("first-boot-agent status --wait", timeout=120)
        node.wait_until_succeeds("first-boot-agent health-check", timeout=60)
