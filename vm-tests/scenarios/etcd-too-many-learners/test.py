"""Two machines join at once where etcd takes one learner: busy, not failed (E2, M10).

etcd on both stays in front of a gate until the test opens it: who holds the place is known.
"""

SECRETS = "/etc/nixos/secrets"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
KEYS = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/node01.crt --key={SECRETS}/node01.key"
ETCDCTL = f"ETCDCTL_API=3 etcdctl {KEYS} --endpoints=https://node01.prod.example.com:2379"
#: Of a machine that never comes up.
NOBODY = "https://10.0.1.99:2380"
joining = {"https://10.0.1.11:2380": node02, "https://10.0.1.12:2380": node03}


def learners():
    """Id and peer URL of each."""
    lines = node01.succeed(f"{ETCDCTL} member list", timeout=60).splitlines()
    listed = [line.split(", ") for line in lines]
    return [(one[0], one[3]) for one in listed if one[5] == "true"]


def is_busy_with(machine, holder):
    """It waits its turn, and says for whom, in the unit's status and in its own."""
    machine.wait_until_succeeds(
        f"systemctl show {JOIN} | grep '^StatusText=joining etcd: the cluster is busy"
        f".*waits for .*{holder}'",
        timeout=120,
    )
    said = machine.succeed("! first-boot-agent status", timeout=120)
    log.info(said)
    t.assertIn(f"{holder}", said)
    info = machine.get_unit_info(JOIN)
    t.assertEqual((info["ActiveState"], info["NRestarts"]), ("activating", "0"))
    machine.fail(f"ls {MARKERS}/.etcd-*", "systemctl is-active etcd.service")


node01.start()
node01.wait_for_unit(JOIN, timeout=120)

with subtest("a learner that somebody has added by hand holds the only place"):
    add = f"{ETCDCTL} member add gone --learner --peer-urls={NOBODY}"
    node01.wait_until_succeeds(add, timeout=60)
    for node in joining.values():
        node.start()
    for node in joining.values():
        is_busy_with(node, NOBODY)
    [(gone, url)] = learners()
    t.assertEqual(url, NOBODY)

with subtest("a wait adds no match rules to the bus with each look"):
    # dbus-daemon refuses more than 512 of a connection.
    turns = f"journalctl --output=cat -u {JOIN} | grep --count 'The cluster is busy'"
    node02.wait_until_succeeds(f"test $({turns}) -ge 3", timeout=120)
    agent = "busctl list --no-legend | awk '$3 == \"first-boot-agen\" { print $1; exit }'"
    stats = node02.succeed(
        "busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.Debug.Stats"
        f" GetConnectionStats s $({agent})"
    )
    t.assertRegex(stats, r'"MatchRules" u [1-4] ')

with subtest("it is removed by hand: one of the two takes the place, the other waits for it"):
    node01.succeed(f"{ETCDCTL} member remove {gone}", timeout=60)
    retry(lambda _: len(learners()) == 1, timeout=120)
    [(_, url)] = learners()
    holder = joining[url]
    [other] = [node for node in joining.values() if node != holder]
    is_busy_with(other, url)

with subtest("the one is promoted, and the other takes its place"):
    # Opening a gate waits for the one behind it.
    holder.succeed("echo > /run/gate", timeout=60)
    holder.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)
    other.succeed("echo > /run/gate", timeout=300)
    other.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)

with subtest("both are voters, each once, and neither has given up"):
    lines = node01.succeed(f"{ETCDCTL} member list", timeout=60).splitlines()
    listed = sorted(line.split(", ")[1:] for line in lines)
    t.assertEqual([(one[0], one[1], one[4]) for one in listed], [
        ("started", "node01", "false"),
        ("started", "node02", "false"),
        ("started", "node03", "false"),
    ])
    for node in joining.values():
        node.wait_for_unit(JOIN, timeout=60)
        t.assertEqual(node.get_unit_property(JOIN, "NRestarts"), "0")
        said = node.succeed(f"journalctl --output=cat -u {JOIN}")
        log.info(said)
        t.assertEqual(said.count("Member add accepted"), 1)
        node.fail(f"journalctl -b -p err -u {JOIN} | grep first-boot-agent")
        node.wait_until_succeeds("first-boot-agent status", timeout=60)
