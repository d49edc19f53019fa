"""Machines join an etcd with authentication on, by a password that nobody else gets to see."""

SECRETS = "/etc/nixos/secrets"
MARKERS = "/var/lib/first-boot-automation"
JOIN = "cluster-join@etcd.service"
PASSWORD, WRONG = "correct-horse-7351", "wrong-horse-1537"
FILE = f"{SECRETS}/etcd-password"
KEYS = f"--cacert={SECRETS}/ca.crt --cert={SECRETS}/node01.crt --key={SECRETS}/node01.key"
ETCDCTL = f"ETCDCTL_API=3 etcdctl {KEYS} --endpoints=https://node01.prod.example.com:2379"
AS_ROOT = f"{ETCDCTL} --user=root:{PASSWORD}"
#: The command line of a join, as /proc has it.
RUNNING = "first-boot-agent\njoin\netcd\n"
DROP_IN = "/etc/systemd/system/etcd.service.d/password-login.conf"


def blocked(machine, wanted):
    """The next look is of what is wrong now, and says so in the unit's status and in its own."""
    machine.wait_until_succeeds(
        f"systemctl show {JOIN} | grep '^StatusText=blocked: .*{wanted}'", timeout=120
    )
    said = machine.succeed("! first-boot-agent status", timeout=120)
    log.info(said)
    t.assertIn(wanted, said)
    machine.fail(f"ls {MARKERS}/.etcd-*", "systemctl is-active etcd.service")


def keeps_secrets(machine, mark):
    """No password in what it wrote, shows, runs and packs for others, where the mark is."""
    printed = machine.succeed(
        "journalctl --output=export --all",
        "first-boot-agent status || true",
        "first-boot-agent status --json || true",
        "first-boot-agent plan || true",
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n' || true",
        f"systemctl show {JOIN}",
        "first-boot-agent diagnose --output -",
        f"grep --recursive --text . {MARKERS} /etc/systemd /run/systemd/system",
        timeout=120,
    )
    t.assertIn(mark, printed)
    for secret in (PASSWORD, WRONG):
        t.assertNotIn(secret, printed, machine.name)


node01.start()
node01.wait_for_unit(JOIN, timeout=120)

with subtest("authentication is switched on, where certificates are accounts as well"):
    node01.succeed(
        f"echo {PASSWORD} | {ETCDCTL} user add root --interactive=false",
        f"{ETCDCTL} user grant-role root root",
        f"{ETCDCTL} auth enable",
        timeout=60,
    )
    node01.fail(f"{ETCDCTL} put /scenario/key by-nobody", timeout=60)
    node01.succeed(f"{AS_ROOT} put /scenario/key by-root", timeout=60)

with subtest("etcd refuses a client with a name in its certificate, and the agent says what to do"):
    node02.start()
    blocked(node02, "leave client-cert-auth out at this etcd")

with subtest("that is done: passwords are asked, and certificates are still wanted"):
    unit = "[Service]\\nEnvironment=ETCD_CLIENT_CERT_AUTH=false\\n"
    node01.succeed(
        f"printf '{unit}' > {DROP_IN}", "systemctl daemon-reload", "systemctl restart etcd.service"
    )
    health = "https://node01.prod.example.com:2379/health"
    ask = f"curl --silent --show-error --cacert {SECRETS}/ca.crt"
    node02.fail(f"{ask} {health}")
    node02.succeed(f"{ask} --cert {SECRETS}/node02.crt --key {SECRETS}/node02.key {health}")

with subtest("a wrong password: the file that holds it is named"):
    blocked(node02, f"with the password in {FILE}: correct services.etcd.user and its password")
    keeps_secrets(node02, RUNNING)

with subtest("the password is corrected: node02 joins by itself"):
    node02.succeed(f"echo {PASSWORD} > {FILE}")
    node02.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)

with subtest("the same with a credential, which systemd hands over at each start"):
    node03.start()
    blocked(node03, "with the password in the credential etcd-password: correct services.etcd.user")
    keeps_secrets(node03, RUNNING)
    node03.succeed(
        f"echo {PASSWORD} > /etc/credstore/etcd-password", f"systemctl restart --no-block {JOIN}"
    )
    node03.wait_for_file(f"{MARKERS}/.etcd-joined", timeout=300)

with subtest("all three vote"):
    lines = node01.succeed(f"{AS_ROOT} member list", timeout=60).splitlines()
    listed = sorted(tuple(line.split(", ")[1:]) for line in lines)
    t.assertEqual([(one[0], one[1], one[4]) for one in listed], [
        ("started", "node01", "false"),
        ("started", "node02", "false"),
        ("started", "node03", "false"),
    ])

with subtest("status and health check, which writes and reads, log in as well"):
    for node in (node02, node03):
        node.succeed("first-boot-agent status --wait", timeout=120)
        node.wait_until_succeeds("first-boot-agent health-check", timeout=120)
        node.succeed("systemctl start cluster-health-check.service", timeout=120)

with subtest("node01, which began without an account, is asked to add one"):
    advice = "authentication is on: give services.etcd.user"
    ask = "(first-boot-agent health-check 2>&1 || true)"
    log.info(node01.wait_until_succeeds(f"{ask} | grep '{advice}'", timeout=120))
    config = f"{SECRETS}/cluster-config.json"
    account = f'.services.etcd += {{"user": "root", "password_file": "{FILE}"}}'
    node01.succeed(
        f"echo {PASSWORD} > {FILE}",
        f"chmod 0600 {FILE}",
        f"jq '{account}' {config} > {config}.new",
        f"chmod 0600 {config}.new",
        f"mv {config}.new {config}",
    )
    node01.wait_until_succeeds("first-boot-agent health-check", timeout=120)

with subtest("no password is in a journal, a status, a process list, a bundle"):
    for node in nodes:
        keeps_secrets(node, "Cluster is healthy")
