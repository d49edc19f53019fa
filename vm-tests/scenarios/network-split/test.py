"""A network that fails in the middle of a join: one entry, the marker after the voter (M1, M12)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"
ADD = "/admin/member/add"
first_three = nodes[:3]


def entries(asked, name):
    """Address and role of every entry of that name."""
    return asked.succeed(
        f"{ASK} https://localhost:2379/admin/cluster/members | jq --raw-output"
        f" '.members[] | select(.id == \"{name}\") | \"\\(.raft_addr) \\(.role)\"'"
    ).splitlines()


def adds(node):
    select = f'map(select(.path == "{ADD}")) | length'
    return f"{ASK} https://localhost:2379/test/requests | jq '{select}'"


def count(nodes):
    return sum(int(node.succeed(adds(node))) for node in nodes)


def lead(node):
    # An election can be lost to another candidate: ask until it is won.
    node.wait_until_succeeds(
        f"({ASK} https://localhost:2379/admin/cluster/members"
        f" | jq --exit-status '.leader == \"{node.name}\"')"
        f" || ({ASK} -X POST https://localhost:2379/test/elect >/dev/null; false)",
        timeout=30,
    )


def handle_adds_late(node):
    """An add is taken at once, applied after three seconds, and answered after that."""
    rule = f'{{"method":"POST","path":"{ADD}","fault":{{"kind":"delay","ms":3000}},"times":1}}'
    put = f"{ASK} -X PUT -H 'Content-Type: application/json'"
    node.succeed(f"{put} -d '{{\"rules\":[{rule}]}}' https://localhost:2379/test/faults")


def let_start(joiner):
    joiner.succeed("touch /run/chainfire-may-start", "systemctl start chainfire.service")


def is_a_member_once(joiner, asked):
    joiner.wait_for_file(MARKER, timeout=60)
    joiner.wait_for_unit(JOIN, timeout=10)
    for node in asked:
        node.wait_until_succeeds(
            f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status"
            f" '[.members[] | select(.id == \"{joiner.name}\") | .role] == [\"voter\"]'",
            timeout=30,
        )


for node in first_three:
    node.start()
for node in first_three:
    node.wait_for_unit(JOIN, timeout=60)
for joiner in nodes[3:]:
    joiner.start()
for joiner in nodes[3:]:
    joiner.wait_for_unit("multi-user.target", timeout=60)
lead(node01)

with subtest("a joiner without a network waits, and is not a member by its own word"):
    node04.block()
    let_start(node04)
    node04.wait_until_succeeds(f"journalctl -u {JOIN} | grep 'Join request failed'", timeout=60)
    node04.fail(f"test -e {MARKER}")
    t.assertEqual(count(first_three), 0)

with subtest("the joiner is cut off between its add and the answer: adopted, not added again"):
    handle_adds_late(node01)
    node04.unblock()
    node01.wait_until_succeeds(f"test $({adds(node01)}) -eq 1", timeout=30)
    node04.block()
    retry(lambda _: entries(node01, "node04") == ["10.0.1.13:2380 learner"], 30)
    node04.fail(f"test -e {MARKER}")
    node04.unblock()
    is_a_member_once(node04, [*first_three, node04])
    t.assertEqual(count(first_three), 1)

with subtest("the leader is cut off with an add in its hands: the others take over"):
    lead(node01)
    handle_adds_late(node01)
    let_start(node05)
    node01.wait_until_succeeds(f"test $({adds(node01)}) -eq 2", timeout=30)
    node01.block()
    is_a_member_once(node05, [node02, node03, node05])
    # The old leader still has its own idea of the list, until it hears the others again.
    node01.unblock()
    is_a_member_once(node05, nodes[:5])
    t.assertEqual(entries(node01, "node05"), ["10.0.1.14:2380 voter"])

with subtest("what the joiner sends is late, what it gets late and twice, of Raft it gets nothing"):
    lead(node01)
    for node in nodes[:5]:
        node.succeed("iptables -t mangle -A OUTPUT -d 10.0.1.15 -j TEE --gateway 10.0.1.15")
    # What comes in goes through one ifb, which is slow; the other one is down and swallows all.
    node06.succeed(
        "ip link add ifb0 type ifb",
        "ip link add ifb1 type ifb",
        "ip link set ifb0 up",
        "tc qdisc add dev eth0 root tbf rate 512kbit burst 3000 latency 5s",
        "tc qdisc add dev ifb0 root tbf rate 4mbit burst 3000 latency 5s",
        "tc qdisc add dev eth0 ingress",
        "tc filter add dev eth0 parent ffff: prio 1 protocol ip u32 match ip dport 2380 0xffff"
        " action mirred egress redirect dev ifb1",
        "tc filter add dev eth0 parent ffff: prio 2 protocol all u32 match u32 0 0"
        " action mirred egress redirect dev ifb0",
    )
    asked = count(nodes[:5])
    let_start(node06)
    node06.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep 'Waiting to become a full member (now learner)'", timeout=60
    )
    t.assertEqual(entries(node01, "node06"), ["10.0.1.15:2380 learner"])
    node06.fail(f"test -e {MARKER}")

with subtest("Raft gets through, and the marker follows the voter"):
    node06.succeed("tc filter del dev eth0 parent ffff: prio 1")
    is_a_member_once(node06, nodes)
    t.assertEqual(count(nodes[:5]), asked + 1)

with subtest("all of that over a network as bad as it was meant to be"):
    t.assertIn("DUP!", node06.succeed("ping -c 5 -i 0.2 10.0.1.10"))
    # 8 kB go out at 64 kB/s, but for the first 3 kB, and come back.
    printed = node06.succeed("ping -c 2 -i 0.2 -s 8000 10.0.1.10")
    late = [float(word.partition("=")[2]) for word in printed.split() if word.startswith("time=")]
    t.assertGreater(min(late), 60, printed)
