"""flaredb's leader is not the host in `leader_url`; the agent follows the hint."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"


def leads(node, port):
    return (
        f"{ASK} https://localhost:{port}/admin/cluster/members"
        f" | jq --exit-status '.leader == \"{node.name}\"'"
    )


def adds(node, port):
    return int(
        node.succeed(
            f"{ASK} https://localhost:{port}/test/requests | jq"
            ' \'map(select(.method == "POST" and .path == "/admin/member/add")) | length\''
        )
    )


def give_lead(node, port):
    # An election can be lost to another candidate: ask until it is won.
    node.wait_until_succeeds(
        f"({leads(node, port)}) ||"
        f" ({ASK} -X POST https://localhost:{port}/test/elect >/dev/null; false)",
        timeout=30,
    )


for node in nodes[:3]:
    node.start()
for node in nodes[:3]:
    node.wait_for_unit("iam-initial-setup.service", timeout=60)

with subtest("chainfire is led by node01, flaredb by node02"):
    give_lead(node01, 2379)
    give_lead(node02, 2479)
    for node in nodes[:3]:
        node.wait_until_succeeds(leads(node01, 2379), timeout=20)
        node.wait_until_succeeds(leads(node02, 2479), timeout=20)

with subtest("node04, which knows node01 only, joins both"):
    node04.start()
    node04.wait_for_unit("chainfire-cluster-join.service", timeout=60)
    node04.wait_for_unit("flaredb-cluster-join.service", timeout=60)
    for port in (2379, 2479):
        node01.succeed(
            f"{ASK} https://localhost:{port}/admin/cluster/members | jq --exit-status"
            ' \'[.members[] | select(.id == "node04" and .role == "voter")] | length == 1\''
        )

with subtest("the hint was followed, and each leader was asked once"):
    t.assertEqual(adds(node01, 2379), 1)
    t.assertEqual(adds(node02, 2379), 0)
    t.assertLessEqual(adds(node01, 2479), 1)
    t.assertEqual(adds(node02, 2479), 1)
    t.assertEqual(adds(node03, 2479), 0)
