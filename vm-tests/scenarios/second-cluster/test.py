"""Nobody bootstraps a second cluster, however the peers look meanwhile (promise 4, row M11)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
CONFIG = "/etc/nixos/secrets/cluster-config.json"
JOIN = "chainfire-cluster-join.service"
MARKERS = "/var/lib/first-boot-automation"


def members(node):
    listed = node.succeed(f"{ASK} https://localhost:2379/admin/cluster/members")
    return node.succeed(f"jq --raw-output '.members[].id' <<< '{listed}'").split()


with subtest("alone, it has made its own cluster, and does not take itself for the first"):
    node04.start()
    node04.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep '1 of 4 initial peers are in the member list'", timeout=30
    )
    t.assertEqual(members(node04), ["node04"])
    node04.fail(f"ls {MARKERS}/.chainfire-*")

with subtest("the peers are a cluster: its next run is blocked, and says why"):
    for node in nodes[:3]:
        node.start()
    for node in nodes[:3]:
        node.wait_for_unit(JOIN, timeout=60)
    node04.wait_until_succeeds(f"systemctl show {JOIN} | grep '^StatusText=blocked: '", timeout=60)
    said = node04.succeed(f"journalctl --output=cat -u {JOIN} | grep ^blocked: | tail --lines=1")
    t.assertIn("is in a cluster without this node (members node01, node02, node03)", said)
    t.assertIn("set bootstrap to false and leader_url to https://", said)
    t.assertIn("move the data of chainfire.service aside", said)

with subtest("status says the same, and systemd lets it rest"):
    status = node04.fail("first-boot-agent status")
    t.assertIn("in a cluster without this node", status)
    t.assertIn("set bootstrap to false and leader_url to https://", status)
    # A start that systemd has planned would be "auto-restart".
    t.assertEqual(node04.get_unit_property(JOIN, "SubState"), "start")
    t.assertEqual(node04.execute("first-boot-agent join chainfire")[0], 78)
    node04.fail(f"ls {MARKERS}/.chainfire-*")
    t.assertEqual(members(node01), ["node01", "node02", "node03"])
    t.assertEqual(members(node04), ["node04"])

with subtest("a plan foresees it"):
    code, plan = node04.execute("first-boot-agent plan")
    t.assertEqual(code, 78)
    t.assertRegex(plan, "chainfire  blocked: .*bootstrap.*https://")

with subtest("the remedy, as it was shown, makes it join by itself"):
    node04.succeed(
        "systemctl stop chainfire.service",
        "rm -r /var/lib/chainfire/*",
        "sed -i 's/--initial-cluster [^ ]*//' /etc/default/chainfire",
        "systemctl start chainfire.service",
        "umask 077; jq '.bootstrap = false"
        " | .leader_url = \"https://node01.prod.example.com:2379\"'"
        f" {CONFIG} > {CONFIG}.new && mv {CONFIG}.new {CONFIG}",
    )
    node04.wait_for_file(f"{MARKERS}/.chainfire-joined", timeout=45)
    node04.wait_for_unit(JOIN, timeout=10)
    for node in nodes:
        node.wait_until_succeeds(
            f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status"
            " '[.members[] | select(.role == \"voter\")] | length == 4'",
            timeout=20,
        )
    t.assertEqual(members(node04), ["node01", "node02", "node03", "node04"])
