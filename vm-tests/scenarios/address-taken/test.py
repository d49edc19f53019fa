"""A node with another one's address is blocked before it changes anything (row M6, promise 3)."""

import json

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
CONFIG = "/etc/nixos/secrets/cluster-config.json"
JOIN = "chainfire-cluster-join.service"
MARKERS = "/var/lib/first-boot-automation"


def members():
    return node01.succeed(
        f"{ASK} https://localhost:2379/admin/cluster/members"
        " | jq --raw-output '.members[] | \"\\(.id) \\(.raft_addr) \\(.role)\"'"
    ).splitlines()


def adds():
    asked = 0
    for node in (node01, node04):
        asked += int(
            node.succeed(
                f"{ASK} https://localhost:2379/test/requests"
                " | jq 'map(select(.path == \"/admin/member/add\")) | length'"
            )
        )
    return asked


node01.start()
node01.wait_for_unit(JOIN, timeout=60)
node04.start()
node04.wait_for_unit(JOIN, timeout=60)
before, asked = members(), adds()

with subtest("node05 says that it is where node04 is: blocked, and nothing was asked for"):
    node05.start()
    node05.wait_until_succeeds(f"systemctl show {JOIN} | grep '^StatusText=blocked: '", timeout=60)
    # Nothing here changes when it is fixed there: the unit stays, to look again.
    t.assertEqual(node05.get_unit_property(JOIN, "ActiveState"), "activating")
    t.assertEqual(node05.get_unit_property(JOIN, "NRestarts"), "0")
    node05.fail(f"ls {MARKERS}/.chainfire-*")
    t.assertEqual(members(), before)
    t.assertEqual(adds(), asked)

with subtest("status names the address, its owner and the way out, and removes no living member"):
    status = node05.fail("first-boot-agent status", timeout=30)
    log.info(status)
    t.assertIn("chainfire has this node's address 10.0.1.13:2380 as member node04", status)
    t.assertIn("correct raft_addr or node_id", status)
    t.assertIn("looks again at", status)
    t.assertNotIn("-X DELETE", status)
    printed = json.loads(node05.fail("first-boot-agent status --json", timeout=30))
    t.assertEqual(printed["steps"][0]["state"], "blocked")
    t.assertEqual(node05.execute("first-boot-agent status --wait", timeout=30)[0], 78)

with subtest("the address is corrected, and it joins by itself"):
    node05.succeed(f"sed -i.old s/10.0.1.13:2380/10.0.1.14:2380/ {CONFIG}")
    node05.wait_for_file(f"{MARKERS}/.chainfire-joined", timeout=45)
    t.assertEqual(members(), [*before, "node05 10.0.1.14:2380 voter"])
    t.assertEqual(adds(), asked + 1)
