"""A configuration that is not this machine's changes nothing in the cluster (rows M4, M6).

Each time the unit says why, and each remedy is followed to the letter.
"""

SECRETS = "/etc/nixos/secrets"
CONFIG = f"{SECRETS}/cluster-config.json"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
DROP_IN = "/etc/systemd/system/etcd.service.d/first-boot-agent.conf"
KEYS = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/node01.crt --key={SECRETS}/node01.key"
ETCDCTL = f"ETCDCTL_API=3 etcdctl {KEYS} --endpoints=https://node01.prod.example.com:2379"


def members():
    return node01.succeed(f"{ETCDCTL} member list", timeout=60).splitlines()


def is_stopped_by(reason):
    """The unit in its sandbox says so, and changes nothing; returns what `status` says."""
    node02.wait_until_succeeds(
        f"(first-boot-agent status || true) | grep '{reason}'", timeout=120
    )
    status = node02.succeed("! first-boot-agent status", timeout=60)
    log.info(status)
    t.assertEqual(members(), before)
    node02.fail("systemctl is-active etcd.service", f"ls {MARKERS}/.etcd-*")
    return status


node01.start()
node01.wait_for_unit(JOIN, timeout=120)
before = members()
t.assertEqual(len(before), 1)

with subtest("etcd is to listen where this machine has no address: it is not added"):
    node02.start()
    status = is_stopped_by("not an address of this machine")
    t.assertIn("is to listen at https://10.0.1.19:2380", status)
    t.assertIn("set raft_addr to one that it has", status)

with subtest("every member refuses the login: plan ends as blocked"):
    login = '.services.etcd += {user: "root", password_file: "/root/password"}'
    node02.succeed(
        "install --mode 0600 /dev/null /root/password",
        "echo no-password > /root/password",
        f"jq '{login}' {CONFIG} > /root/login.json",
    )
    status, said = node02.execute("first-boot-agent --config /root/login.json plan", timeout=60)
    log.info(said)
    t.assertEqual(status, 78)
    t.assertIn("answered HTTP 412 to the login with the password in /root/password", said)

with subtest("configuration and certificate are copies of node01's: leave removes nobody"):
    node02.succeed(f"systemctl stop {JOIN}", f"cp {CONFIG} {CONFIG}.own")
    for file in (CONFIG, f"{SECRETS}/node01.crt", f"{SECRETS}/node01.key"):
        copy = node01.succeed(f"base64 --wrap=0 {file}")
        node02.succeed(f"install -m 600 /dev/null {file}", f"echo {copy} | base64 -d > {file}")
    for verb in ("leave --accept-quorum-loss", "reset etcd"):
        status, said = node02.execute(
            f"first-boot-agent --log-format text {verb} 2>&1", timeout=120
        )
        log.info(said)
        t.assertEqual(status, 78, verb)
        t.assertIn("whether that is this node", said)
        t.assertEqual(members(), before)

with subtest("the unit would start without its environment: the remedy to the letter"):
    node02.succeed(
        f"sed s/10.0.1.19/10.0.1.11/ {CONFIG}.own > {CONFIG}",
        f"sed -i -e /^ConditionPathExists=/d -e s/^EnvironmentFile=/EnvironmentFile=-/ {DROP_IN}",
        "systemctl daemon-reload",
        f"systemctl start --no-block {JOIN}",
    )
    status = is_stopped_by("does not read")
    # systemctl edit UNIT, with the four lines A, B, C and D, and …; then: systemctl restart …
    _, _, advice = status.partition("systemctl edit etcd.service, with the four lines ")
    advice, _, rest = advice.partition(", and below them")
    lines = advice.replace(" and ", ", ").split(", ")
    _, _, rest = rest.partition("; then: ")
    restart = rest.splitlines()[0]
    t.assertEqual(len(lines), 4, status)
    t.assertTrue(restart.startswith("systemctl restart --no-block "), status)
    t.assertIn(f"ConditionPathExists={MARKERS}/etcd.env", lines)
    # What an editor would leave, and then do.
    text = "\n".join(lines)
    override = "/etc/systemd/system/etcd.service.d/override.conf"
    node02.succeed(f"echo '{text}' > {override}", "systemctl daemon-reload")

with subtest("it joins, though through a balancer at an address of its own"):
    name = "node01.prod.example.com"
    node02.succeed(
        "ip address add 10.0.1.50/24 dev eth0",
        "iptables --table nat --append OUTPUT --destination 10.0.1.50 --protocol tcp"
        " --dport 2379 --jump DNAT --to-destination 10.0.1.10",
        f"sed -i '/{name}/d' /etc/hosts && echo 10.0.1.50 {name} >> /etc/hosts",
        f"sed -i s/10.0.1.10:2379/{name}:2379/ {CONFIG}",
        restart,
    )
    node02.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)
    t.assertEqual(len(members()), 2)
    node02.succeed("first-boot-agent status --wait", timeout=120)
