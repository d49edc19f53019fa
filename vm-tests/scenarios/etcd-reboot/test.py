"""Members of an etcd cluster that boot again: etcd comes up by itself, and no join starts."""

SECRETS = "/etc/nixos/secrets"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"


def etcdctl(machine, words):
    name = machine.name
    keys = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/{name}.crt --key={SECRETS}/{name}.key"
    at = f"--endpoints=https://{name}.prod.example.com:2379"
    return f"ETCDCTL_API=3 etcdctl {keys} {at} {words}"


for node in nodes[:3]:
    node.start(allow_reboot=True)
for node in nodes[:3]:
    node.wait_for_unit(JOIN, timeout=120)
node04.start(allow_reboot=True)
node04.wait_for_unit(JOIN, timeout=120)
members = node01.succeed(etcdctl(node01, "member list"), timeout=60)
before = {node.name: node.succeed(f"tail --lines=+1 {MARKERS}/.*-*") for node in nodes}
for node in nodes:
    # What is to be silent from now on.
    t.assertNotEqual(node.succeed(f"journalctl --quiet -b _SYSTEMD_UNIT={JOIN}"), "")

with subtest("the joined node reboots, and a bootstrapped one loses power"):
    node04.reboot()
    node02.crash()
    node02.start(allow_reboot=True)

with subtest("etcd is there again without the agent, with what it knew"):
    for node in (node02, node04):
        node.wait_for_unit("etcd.service", timeout=120)
        node.wait_until_succeeds(etcdctl(node, "endpoint health"), timeout=60)
        node.wait_until_succeeds(etcdctl(node, "put /scenario/key from-$HOSTNAME"), timeout=60)
        t.assertEqual(node.succeed(etcdctl(node, "member list"), timeout=60), members)
        node.succeed("journalctl -b -u etcd.service | grep Started")

with subtest("no join starts a process"):
    for node in (node02, node04):
        node.wait_for_unit("multi-user.target", timeout=60)
        # The condition is checked when the unit's job runs, soon after the target.
        node.wait_until_succeeds(
            f"systemctl show {JOIN} | grep ^ConditionTimestamp=.", timeout=120
        )
        info = node.get_unit_info(JOIN)
        t.assertEqual(info["ConditionResult"], "no", node.name)
        t.assertEqual(info["ExecMainPID"], "0", node.name)
        t.assertEqual(info["ActiveState"], "inactive", node.name)
        written = node.succeed(f"journalctl --quiet -b _SYSTEMD_UNIT={JOIN}")
        t.assertEqual(written, "", f"{node.name} wrote something")

with subtest("the health check compares markers with live membership and is content"):
    for node in (node02, node04):
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^ExecMainExitTimestamp=.",
            timeout=60,
        )
        node.wait_until_succeeds(
            "systemctl show cluster-health-check.service | grep ^Result=success",
            timeout=60,
        )

with subtest("markers are as they were, and status says done"):
    for node in nodes:
        t.assertEqual(before[node.name], node.succeed(f"tail --lines=+1 {MARKERS}/.*-*"))
        node.succeed("first-boot-agent status --wait", timeout=120)
