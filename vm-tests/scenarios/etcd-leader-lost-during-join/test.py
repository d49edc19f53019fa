"""The leader of an etcd cluster loses power while a fourth machine is a learner (E1, E7, M9).

etcd on node04 stays in front of a gate until the test opens it, so that the leader is lost after
the add and before the promotion, however fast the machines are.
"""

SECRETS = "/etc/nixos/secrets"
MARKER = "/var/lib/first-boot-automation/.etcd-joined"
JOIN = "cluster-join@etcd.service"
GATE = "/etc/systemd/system/etcd.service.d/gate.conf /etc/tmpfiles.d/gate.conf"
FOURTH = "https://10.0.1.13:2380, https://10.0.1.13:2379, false"


def etcdctl(machine, words):
    name = machine.name
    keys = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/{name}.crt --key={SECRETS}/{name}.key"
    at = f"--endpoints=https://{name}.prod.example.com:2379"
    return f"ETCDCTL_API=3 etcdctl {keys} {at} {words}"


def status_of(machine):
    """Ids of this member and of the leader that it knows, as etcdctl writes them."""
    # jq would round them.
    text = f"endpoint status --write-out=json | grep --only-matching '\"{{}}\":[0-9]*'"
    ids = []
    for key in ("member_id", "leader"):
        line = machine.succeed(etcdctl(machine, text.format(key)) + " || true", timeout=60)
        ids.append(int(line.strip().partition(":")[2] or 0))
    return ids


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit(JOIN, timeout=120)
node02.succeed(etcdctl(node02, "put /scenario/key written-before"), timeout=60)

with subtest("node01 leads: the member that node04 is configured to ask first"):
    first, leader = status_of(node01)
    if first != leader:
        [leading] = [node for node in (node02, node03) if status_of(node)[0] == leader]
        leading.succeed(etcdctl(leading, f"move-leader {first:x}"), timeout=60)
    t.assertEqual(status_of(node02)[1], first)

with subtest("node04 is added as a learner, and waits for its own etcd"):
    node04.start()
    node02.wait_until_succeeds(
        etcdctl(node02, "member list | grep 'unstarted, , https://10.0.1.13:2380, , true'"),
        timeout=120,
    )
    node04.wait_until_succeeds(
        f"systemctl show {JOIN} | grep '^StatusText=waiting for etcd.service to '", timeout=60
    )

with subtest("the leader loses power, and another voter its cable: nobody leads"):
    node03.block()
    node01.crash()
    # What has no power refuses nothing: it does not answer.
    node01.block()
    retry(lambda _: status_of(node02)[1] == 0, timeout=60)

with subtest("node04 reports that it waits, and neither fails nor takes anything back"):
    # Opening it waits for the one behind it.
    node04.succeed("echo > /run/gate", timeout=60)
    node04.wait_until_succeeds("pgrep --exact etcd", timeout=60)
    printed = node04.succeed("! first-boot-agent status", timeout=120)
    log.info(printed)
    t.assertIn("waiting for etcd.service to ", printed)
    t.assertEqual(node04.get_unit_property(JOIN, "ActiveState"), "activating")
    node04.fail(f"test -e {MARKER}")

with subtest("the cable is back, the others elect, and node04 goes on with them"):
    node03.unblock()
    node04.wait_for_file(MARKER, timeout=300)
    node04.wait_for_unit(JOIN, timeout=60)
    said = node04.succeed(f"journalctl --output=cat -u {JOIN}")
    log.info(said)
    t.assertEqual(said.count("Member add accepted"), 1)
    t.assertEqual(node04.get_unit_property(JOIN, "NRestarts"), "0")
    t.assertIn("Successfully joined cluster, now 4 members", said)
    node02.succeed(etcdctl(node02, f"member list | grep 'started, node04, {FOURTH}'"), timeout=60)
    node04.succeed(etcdctl(node04, "get /scenario/key | grep written-before"), timeout=60)

with subtest("the marker outlives a power loss, and names this node"):
    marker = node04.succeed(f"cat {MARKER}")
    t.assertIn("node_id=node04\n", marker)
    node04.succeed(f"rm {GATE}")
    node04.crash()
    node04.start()
    t.assertEqual(node04.succeed(f"cat {MARKER}"), marker)

with subtest("the old leader comes back: a member as before, by itself, and no agent joins"):
    node01.unblock()
    node01.start()
    for node in (node01, node04):
        node.wait_for_unit("etcd.service", timeout=120)
        node.wait_until_succeeds(etcdctl(node, "endpoint health"), timeout=60)
        node.wait_until_succeeds(
            f"systemctl show {JOIN} | grep ^ConditionTimestamp=.", timeout=120
        )
        info = node.get_unit_info(JOIN)
        t.assertEqual(info["ConditionResult"], "no", node.name)
        t.assertEqual(info["ExecMainPID"], "0", node.name)
        written = node.succeed(f"journalctl --quiet -b _SYSTEMD_UNIT={JOIN}")
        t.assertEqual(written, "", f"{node.name} wrote something")
    t.assertEqual(status_of(node01)[0], first, "another member")

with subtest("each of the four is listed once, as a voter, and all agree"):
    lists = {node.succeed(etcdctl(node, "member list"), timeout=60) for node in nodes}
    t.assertEqual(len(lists), 1)
    members = sorted(line.split(", ")[1:] for line in lists.pop().splitlines())
    t.assertEqual([member[1] for member in members], ["node01", "node02", "node03", "node04"])
    t.assertEqual({(member[0], member[4]) for member in members}, {("started", "false")})
    for node in nodes:
        node.wait_until_succeeds("first-boot-agent status", timeout=60)
