"""An etcd member whose disk was wiped, and a machine with the name of a lost one (M2, M4).

Neither votes under an id that had data: an old entry goes before the node is added again.
"""

SECRETS = "/etc/nixos/secrets"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
KEYS = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/node01.crt --key={SECRETS}/node01.key"
ETCDCTL = f"ETCDCTL_API=3 etcdctl {KEYS} --endpoints=https://node01.prod.example.com:2379"
TAKEN = "etcd has a member node04 at https://10.0.1.13:2380, not at this node's address"


def entries():
    """Id, state, peer URL and whether a learner, of the member named node04."""
    lines = node01.succeed(f"{ETCDCTL} member list", timeout=60).splitlines()
    listed = [line.split(", ") for line in lines if ", node04, " in line]
    return [(one[0], one[1], one[3], one[5]) for one in listed]


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit(JOIN, timeout=120)
node01.succeed(f"{ETCDCTL} put /scenario/key written-before", timeout=60)
node04.start()
node04.wait_for_unit(JOIN, timeout=120)
[(first, *first_state)] = entries()

with subtest("node04 comes back with an empty disk: its entry goes, and it is added again"):
    node04.succeed(
        f"systemctl stop etcd.service {JOIN}",
        f"rm -rf /var/lib/etcd/* {MARKERS}/.etcd-* {MARKERS}/etcd.env",
        "sync",
    )
    node04.crash()
    node04.start()
    node04.wait_for_unit(JOIN, timeout=300)
    [(second, *second_state)] = entries()
    t.assertNotEqual(first, second, "another member of the same name")
    t.assertEqual(second_state, ["started", "https://10.0.1.13:2380", "false"])
    t.assertEqual(first_state, second_state)
    said = node04.succeed(f"journalctl --output=cat -b -u {JOIN}")
    log.info(said)
    t.assertIn("Removed the old entry node04 at https://10.0.1.13:2380", said)
    node04.fail("journalctl -b -u etcd.service | grep --ignore-case panic")
    node04.succeed("first-boot-agent status --wait", timeout=120)

with subtest("node04 gets a new disk for its data alone: the commands of the how-to"):
    # A fresh file system is root's.
    node04.succeed("systemctl stop etcd.service", "rm -rf /var/lib/etcd", "mkdir /var/lib/etcd")
    node04.succeed(
        "systemctl stop etcd cluster-join@etcd",
        "chown etcd:etcd /var/lib/etcd && chmod 700 /var/lib/etcd",
        f"rm {MARKERS}/.etcd-* {MARKERS}/etcd.env",
        "systemctl restart --no-block cluster-join@etcd && systemctl start multi-user.target",
    )
    node04.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)
    [(again, *anew_state)] = entries()
    t.assertNotEqual(second, again)
    t.assertEqual(anew_state, second_state)
    second = again

with subtest("node04 is lost for good, and its entry keeps another machine of its name out"):
    node04.crash()
    spare.start()
    spare.wait_until_succeeds(
        f"systemctl show {JOIN} | grep '^StatusText=blocked: '", timeout=120
    )
    status = spare.succeed("! first-boot-agent status", timeout=60)
    log.info(status)
    t.assertIn(TAKEN, status)
    t.assertEqual([entry[0] for entry in entries()], [second])
    spare.fail("systemctl is-active etcd.service", f"ls {MARKERS}/.etcd-*")

with subtest("with replace, the machine takes the place of one that its leader has lost"):
    spare.succeed(
        f"sed -i 's/\"bootstrap\"/\"replace\": true, \"bootstrap\"/' {SECRETS}/cluster-config.json"
    )
    spare.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)
    [(third, *third_state)] = entries()
    t.assertNotEqual(second, third)
    t.assertEqual(third_state, ["started", "https://10.0.1.16:2380", "false"])
    said = spare.succeed(f"journalctl --output=cat -b -u {JOIN}")
    log.info(said)
    t.assertIn("Removed the old entry node04 at https://10.0.1.13:2380", said)
    spare.succeed("first-boot-agent status --wait", timeout=120)
    spare.wait_until_succeeds("first-boot-agent health-check", timeout=60)
    node01.succeed(f"{ETCDCTL} get /scenario/key | grep written-before", timeout=60)
