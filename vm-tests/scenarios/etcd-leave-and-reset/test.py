"""The way out of an etcd cluster and back: leave, reset, and what the last words say (M5, E12)."""

SECRETS = "/etc/nixos/secrets"
AGENT = "first-boot-agent --log-format text"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
KEYS = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/node01.crt --key={SECRETS}/node01.key"
ETCDCTL = f"ETCDCTL_API=3 etcdctl {KEYS} --endpoints=https://node01.prod.example.com:2379"


def names():
    lines = node01.succeed(f"{ETCDCTL} member list", timeout=60).splitlines()
    return sorted(line.split(", ")[2] for line in lines)


def is_back():
    node04.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)
    t.assertEqual(names(), ["node01", "node02", "node03", "node04"])
    node04.succeed(f"{AGENT} status", timeout=60)


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit(JOIN, timeout=120)
node04.start()
node04.wait_for_unit(JOIN, timeout=120)
is_back()
owner = node04.succeed("stat --format='%U:%G %a' /var/lib/etcd")

with subtest("leave: the entry goes, the unit stops, the data stays"):
    said = node04.succeed(f"{AGENT} leave 2>&1", timeout=120)
    log.info(said)
    t.assertIn("Left the etcd cluster, 3 members remain", said)
    t.assertEqual(names(), ["node01", "node02", "node03"])
    node04.fail(f"ls {MARKERS}/.etcd-*", "systemctl is-active etcd.service")
    node04.succeed("test -d /var/lib/etcd/member")

with subtest("with that data it does not come back, whatever is restarted"):
    node04.succeed(f"systemctl restart --no-block {JOIN}")
    node04.wait_until_succeeds(
        f"systemctl show {JOIN} | grep '^StatusText=blocked: '", timeout=120
    )
    status = node04.succeed("! first-boot-agent status", timeout=60)
    log.info(status)
    t.assertIn("first-boot-agent reset etcd", status)
    t.assertEqual(names(), ["node01", "node02", "node03"])

with subtest("reset: the data is moved aside, and its last words bring the node back"):
    said = node04.succeed(f"{AGENT} reset etcd 2>&1", timeout=120)
    log.info(said)
    node04.succeed("test -d /var/lib/etcd.backup-*/member")
    t.assertEqual(node04.succeed("ls -A /var/lib/etcd"), "")
    t.assertEqual(node04.succeed("stat --format='%U:%G %a' /var/lib/etcd"), owner)
    way = said.splitlines()[-1].partition("to join again: ")[2]
    t.assertNotEqual(way, "")
    node04.succeed(way, timeout=120)
    is_back()

with subtest("reset of a member: it leaves first"):
    said = node04.succeed(f"{AGENT} reset etcd 2>&1", timeout=120)
    log.info(said)
    t.assertIn("Left the etcd cluster, 3 members remain", said)
    node04.succeed("test $(ls -d /var/lib/etcd.backup-* | wc -l) -eq 2")
    t.assertEqual(names(), ["node01", "node02", "node03"])

with subtest("and a reboot brings it back as well"):
    node04.shutdown()
    node04.start()
    is_back()
