"""No secret leaves (promise 7, rows X1 X2 X3): canaries everywhere, and a search everywhere.

Each look must find a mark that was planted in the same place, so that none is blind.
"""

SETUP = "iam-initial-setup.service"
UNITS = "'chainfire-cluster-*' 'flaredb-cluster-*' 'iam-initial-setup.*' 'cluster-health-*'"
SECRETS = "/etc/nixos/secrets"
CONFIG = f"{SECRETS}/cluster-config.json"
KEY = f"{SECRETS}/aio01.key"
STATE = "/var/lib/first-boot-automation"
GENERATED = f"{STATE}/iam-admin-password"
IAM = f"curl --silent --show-error --fail --cacert {SECRETS}/ca.crt https://localhost:8080"
MARK = "planted-for-the-search"
#: Where secrets belong; the planted ones are looked for elsewhere.
HOMES = (f"{SECRETS}/", "/etc/credstore/", "/run/credentials/", GENERATED)
PLANTED = tuple(f"{f}/planted" for f in ("/run", "/tmp", "/var/tmp", "/dev/shm", STATE))
DROP_INS = f"/etc/systemd/system/{SETUP}.d"
ASKED = f"{IAM}/test/requests | jq '[.[] | select(.method == \"POST\")] | length'"
#: The units that plant it in environments.
PLANTING = {
    f"{DROP_INS}/60-planted.conf",
    "/run/systemd/transient/planted.service",
}
#: What is asked on the node, and a word that the answer must hold to be worth anything.
LOOKS = {
    "journalctl --all --no-pager --output=export": MARK,
    "journalctl --all --no-pager --output=json": MARK,
    "cat /proc/[0-9]*/environ | tr '\\0' '\\n'": MARK,
    "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'": MARK,
    f"systemctl show {UNITS}": MARK,
    f"systemctl status --full --lines=10000 {UNITS} || true": "Set up IAM",
    "cat /proc/cmdline; cat /proc/1/cmdline": "systemd",
    "busctl --no-pager tree org.freedesktop.systemd1": "iam_2dinitial_2dsetup",
}
COMMANDS = ("status", "status --json", "plan", "plan --json", "config show", "config show --json")
COMMANDS += ("diagnose --output -", "config validate", "config validate --strict")
COMMANDS += ("--log-format text health-check",)
#: Configs with a secret in a wrong place; each is refused.
REST = '"node_id": "aio01", "bootstrap": true, "initial_peers": ["aio01:2380"]'
WRONG = (
    '{"services": {"iam": {"admin_password_file": "c4nary-wrong-1"}}, ' + REST + "}",
    '{"services": {"iam": {"admin_password_file": ["c4nary-wrong-2"]}}, ' + REST + "}",
    '{"services": {"iam": {"admin_password_file": {"a": "c4nary-wrong-3"}}}, ' + REST + "}",
    '{"services": ["c4nary-wrong-4"], "tls": {"key": "c4nary-wrong-5"}, ' + REST + "}",
    '{"leader_url": "https://admin:c4nary-wrong-6@node01:2379", "bootstrap": false}',
    '{"leader_url": "https://node01:2379/?token=c4nary-wrong-7", "bootstrap": false}',
    '{"raft_addr": "admin:c4nary-wrong-8@10.0.2.10:2380", ' + REST + "}",
    '{"password": "c4nary-wrong-9" "token": "x", ' + REST + "}",
    '{"password": "c4nary-wrong-10',
    '{"password": "c4nary-wrong-11\\q", ' + REST + "}",
    '{"password": c4nary-wrong-12, ' + REST + "}",
    '{"password": "c4nary-wrong-13", "password": "c4nary-wrong-14", "bootstrap": 1}',
    '"c4nary-wrong-15"',
)


def install_config(text):
    aio01.succeed(f"umask 077; cat > {CONFIG}.new <<'EOT'\n{text}\nEOT\nmv {CONFIG}.new {CONFIG}")


def search(when):
    """Everything that can be asked, and the whole disk, for every canary so far."""
    with subtest(f"nothing is found {when}"):
        canaries = ["c4nary", *aio01.succeed(f"sed -n 2,3p {KEY}.kept").split()]
        canaries += aio01.succeed(f"cat {GENERATED} 2>/dev/null || true").split()
        aio01.succeed("journalctl --sync")
        seen = {what: aio01.execute(f"{what} 2>&1")[1] for what in LOOKS}
        for what in COMMANDS:
            # Refused or not, each names the node or its config.
            seen[what] = aio01.execute(f"first-boot-agent {what} 2>&1")[1]
            t.assertRegex(seen[what], "aio01|cluster-config.json|chainfire", what)
        seen["the console"] = aio01.get_console_log()
        for what, mark in {**LOOKS, "the console": MARK}.items():
            t.assertIn(mark, seen[what], f"{what} does not show what was planted")
        for what, text in seen.items():
            for canary in canaries:
                lines = [line for line in text.splitlines() if canary in line]
                t.assertEqual(lines, [], f"{what}, {when}")
        words = "\n".join([*canaries, MARK])
        aio01.succeed(f"umask 077; cat > {SECRETS}/words <<'EOT'\n{words}\nEOT")
        grep = "grep -rlaF --devices=skip --exclude-dir=proc --exclude-dir=sys"
        found = aio01.execute(f"{grep} -f {SECRETS}/words / 2>/dev/null")[1].splitlines()
        t.assertEqual({place for place in PLANTED if place not in found}, set())
        strays = {f for f in found if f not in PLANTED and not f.startswith(HOMES)}
        # The planted mark is in these; the canaries were looked for in their text above.
        strays -= {f for f in strays if f.startswith("/var/log/journal/")}
        t.assertEqual(strays, PLANTING)


def echoing_setup(source, word):
    """IAM refuses, and its answers repeat the password; the unit waits meanwhile."""
    with subtest(f"a run fails, with the password from {source}"):
        aio01.succeed(f"systemctl stop {SETUP}")
        before = int(aio01.succeed(ASKED))
        aio01.succeed(f"systemctl start --no-block {SETUP}")
        aio01.wait_until_succeeds(f"test $({ASKED}) -gt {before}", timeout=30)
        aio01.wait_until_succeeds(
            f"systemctl show --property=StatusText {SETUP} | grep 'waiting for IAM'", timeout=30
        )
        search(f"while it waits, with {word}")


with subtest("marks are planted in every place that is searched"):
    aio01.start()
    aio01.wait_for_file(f"{STATE}/.flaredb-initialized", timeout=60)
    for place in PLANTED:
        aio01.succeed(f"echo {MARK} > {place}")
    aio01.succeed(
        f"cp -p {KEY} {KEY}.kept",
        f"echo {MARK} | systemd-cat",
        f"echo {MARK} > /dev/console",
        f"mkdir -p {DROP_INS}",
        f"printf '[Service]\\nEnvironment=A={MARK}\\n' > {DROP_INS}/60-planted.conf",
        "systemctl daemon-reload",
        "systemd-run --quiet --unit=planted --property=CapabilityBoundingSet="
        f" --setenv=A={MARK} perl -e 'sleep 1000' {MARK}",
    )

with subtest("IAM starts, and will repeat what it was sent"):
    aio01.succeed(f"systemctl stop {SETUP}", "touch /run/iam-may-start")
    aio01.succeed("systemctl start iam.service")
    aio01.wait_for_open_port(8080, timeout=30)
    said = '{"error": "cannot store c4nary-credential c4nary-password-file"}'
    rule = 'method: "POST", path: "/admin/setup", fault: {kind: "status", status: 500'
    aio01.succeed(
        f"umask 077; jq -n --arg said '{said}' '{{rules: [{{{rule},"
        f" headers: {{\"X-Echo\": $said}}, body: $said}}}}]}}' > {SECRETS}/faults",
        f"{IAM}/test/faults -X PUT -H 'Content-Type: application/json' -d @{SECRETS}/faults",
    )

echoing_setup("the credential", "the credential")

with subtest("nobody without CAP_SYS_PTRACE looks into the agent, which leaves no core"):
    agent = aio01.get_unit_property(SETUP, "MainPID")
    planted = aio01.get_unit_property("planted.service", "MainPID")
    plain_root = "setpriv --bounding-set=-all --inh-caps=-all"
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    for name in ("environ", "maps", "auxv"):
        # The same reader, and a process of root's like the agent, but for being dumpable.
        aio01.succeed(f"{plain_root} head -c 1 /proc/{planted}/{name}")
        aio01.fail(f"{plain_root} head -c 1 /proc/{agent}/{name}")
        aio01.fail(f"{nobody} head -c 1 /proc/{agent}/{name}")
    aio01.succeed(f"systemctl kill --kill-whom=main --signal=ABRT {SETUP}")
    aio01.wait_until_succeeds(
        f"journalctl -u {SETUP} | grep 'code=killed, status=6/ABRT'", timeout=20
    )
    aio01.fail(f"journalctl -u {SETUP} | grep code=dumped")

aio01.succeed("rm /etc/credstore/iam-admin-password")
echoing_setup("its file", "the password file")

install_config("{" + REST + ', "flaredb_peers": ["aio01:2480"], "password": "c4nary-in-config-6"}')
echoing_setup("nowhere: it is generated", "the generated password")
aio01.succeed(f"test \"$(stat -c '%a %U' {GENERATED})\" = '600 root'")

with subtest("a good run"):
    # Stopped first: a run that still waits may be the good one, and the next is skipped then.
    aio01.succeed(f"systemctl stop {SETUP}")
    aio01.succeed(f"{IAM}/test/faults -X DELETE", f"systemctl start {SETUP}")
    aio01.wait_for_unit(SETUP, timeout=30)
    aio01.succeed(f"test -s {STATE}/.iam-initialized")
search("after a good run")

good = aio01.succeed(f"cat {CONFIG}")
aio01.succeed(f"systemctl stop {SETUP}", f"rm {STATE}/.iam-initialized")
for text in WRONG:
    with subtest(f"refused: {text}"):
        install_config(text)
        aio01.fail(f"systemctl start {SETUP}")
        for command in COMMANDS:
            said = aio01.execute(f"first-boot-agent {command} 2>&1")[1]
            t.assertNotIn("c4nary", said)
search("after configs that were refused")

with subtest("keys and passwords that cannot be used"):
    for spoil in ("sed -i '2s/^..../!!!!/'", "echo c4nary-key | tee", "chmod 644"):
        # Spoilt first, then put in place: each change wakes the unit, which would use a good key.
        spoilt = f"{KEY}.new"
        aio01.succeed(f"cp -p {KEY}.kept {spoilt}", f"{spoil} {spoilt}", f"mv {spoilt} {KEY}")
        install_config(good)
        aio01.fail(f"systemctl start {SETUP}")
        aio01.execute("first-boot-agent status")
    aio01.succeed(f"cp -p {KEY}.kept {KEY}")
search("after keys that were refused")
