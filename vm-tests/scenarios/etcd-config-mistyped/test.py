"""What `status` shows of an etcd node whose configuration is mistyped, broken, or names no leader.

Each remedy is followed.
"""

CONFIG = "/etc/nixos/secrets/cluster-config.json"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
CHECK = "cluster-health-check.service"


def status(machine):
    said = machine.succeed("! first-boot-agent status", timeout=120)
    log.info(said)
    return said


def steps(machine):
    """The labels of the steps, as programs see them."""
    return machine.succeed(
        "(first-boot-agent status --json || true) | jq -r '.steps[].step'", timeout=120
    ).split()


node01.start()
node01.wait_for_unit("multi-user.target", timeout=60)
node01.wait_until_succeeds(f"systemctl show {JOIN} | grep ^ExecMainStatus=78", timeout=60)

with subtest("a mistyped key: the row is that of the unit, and says what is missing"):
    said = status(node01)
    t.assertEqual(steps(node01), ["etcd", "health"])
    t.assertIn("the configuration has no service etcd", said)
    t.assertIn("add etcd to services in the configuration", said)
    t.assertIn("starts again by itself", said)

with subtest("no configuration that can be used: the rows are those of the units"):
    node01.succeed(f"cp -p {CONFIG} /root/mistyped", f"echo {{ > {CONFIG}")
    said = status(node01)
    t.assertEqual(steps(node01), ["etcd", "health"])
    t.assertIn("its units start again when /etc/nixos/secrets changes", " ".join(said.split()))

with subtest("units that are stopped and disabled start at no change, and nothing says so"):
    node01.succeed(f"systemctl disable --now {JOIN} {CHECK}")
    said = " ".join(status(node01).split())
    t.assertNotIn("start again", said)
    t.assertIn("then `systemctl start --no-block", said)
    node01.succeed(f"systemctl enable {JOIN} {CHECK}")
    node01.succeed(f"systemctl start --no-block {JOIN} {CHECK}")

with subtest("corrected, it begins its cluster by itself"):
    node01.succeed(
        "jq '.services = .service | del(.service)' /root/mistyped > /root/corrected",
        f"install --mode=0600 /root/corrected {CONFIG}",
    )
    node01.wait_for_file(f"{MARKERS}/.etcd-initialized", timeout=120)
    node01.succeed("first-boot-agent status --wait", timeout=120)

with subtest("at the leader's address nothing listens: what failed, where, and what to check"):
    node02.start()
    node02.wait_until_succeeds(
        "(first-boot-agent status || true) | grep 'check that leader_url and initial_peers'",
        timeout=120,
    )
    said = status(node02)
    t.assertIn("Connection refused", said)
    t.assertIn("https://10.0.1.10:2399", said)
    t.assertRegex(said, "→ check that leader_url and initial_peers name members of etcd")
    t.assertIn("etcd is working: follow the arrow at its line.", said)

with subtest("the leader's packets are dropped: the same"):
    node01.succeed("iptables --append INPUT --protocol tcp --dport 2379 --jump DROP")
    node02.succeed(f"sed -i s/2399/2379/ {CONFIG}")
    node02.wait_until_succeeds(
        "(first-boot-agent status || true) | grep --after-context=1 'no connection within'"
        " | grep '→ check that leader_url .* firewall'",
        timeout=300,
    )

with subtest("the firewall lets it through: it joins by itself"):
    node01.succeed("iptables --delete INPUT --protocol tcp --dport 2379 --jump DROP")
    node02.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)
    node02.succeed("first-boot-agent status --wait", timeout=120)
