"""What systemd cannot decrypt is not passed over for an installed file that bootstraps.

systemd before 254 hands over none, 257 does not start the unit, 259 and later start it without the
credential. None of it may look like a node without a credential.
"""

JOIN, IAM = "chainfire-cluster-join.service", "iam-initial-setup.service"
FLAREDB, CHECK = "flaredb-cluster-join.service", "cluster-health-check.service"
STORE = "/etc/credstore.encrypted"
SYSTEMS = "/run/credentials/@encrypted"
MARKERS = "/var/lib/first-boot-automation"
#: systemd's own exit code where a credential cannot be set up.
CREDENTIALS = "243"
#: ConfigurationInvalid, BlockedSecret.
INVALID, SECRET = "dc36fc9022484d70aca4a1a9f5b19f71", "fe2fbd720bdc45d3860bed79214119cf"

aio01.start()
aio01.wait_for_unit("multi-user.target", timeout=60)
version = int(aio01.succeed("systemctl --version").split()[1])


def is_refused(unit, event, name):
    """By the agent with its reason, or by systemd before the agent is started."""
    status = f"systemctl show --property=ExecMainStatus {unit}"
    aio01.wait_until_succeeds(f"{status} | grep -E '=({CREDENTIALS}|78)$'", timeout=60)
    if aio01.get_unit_property(unit, "ExecMainStatus") == "78":
        logged = aio01.succeed(f"journalctl --boot _SYSTEMD_UNIT={unit} MESSAGE_ID={event}")
        t.assertIn(f"{STORE}/{name}", logged)


with subtest("no unit takes the installed file in its place"):
    for unit in (JOIN, IAM, CHECK):
        is_refused(unit, INVALID, "cluster-config")
    aio01.fail(f"ls {MARKERS}/.*-*")
    aio01.succeed("test -e /etc/nixos/secrets/cluster-config.json")

with subtest("nor do commands by hand, which say what to do"):
    code, status = aio01.execute("first-boot-agent status")
    t.assertEqual(code, 78)
    t.assertIn(f"{STORE}/cluster-config", status)
    t.assertIn("systemd-creds decrypt", status)
    for command in ("plan", "leave", "config show"):
        t.assertEqual(aio01.execute(f"first-boot-agent {command}")[0], 78)
    aio01.fail(f"systemd-creds decrypt --name=cluster-config {STORE}/cluster-config /dev/null")
    aio01.succeed("test -c /dev/null")

with subtest("nor where the boot loader has brought it"):
    aio01.succeed(
        f"mkdir -p --mode=0700 {SYSTEMS}",
        f"mv {STORE}/cluster-config {SYSTEMS}/cluster-config",
        f"systemctl restart {JOIN} || true",
    )
    logged = aio01.succeed(f"journalctl --boot _SYSTEMD_UNIT={JOIN} MESSAGE_ID={INVALID}")
    t.assertIn(f"{SYSTEMS}/cluster-config", logged)
    t.assertEqual(aio01.get_unit_property(JOIN, "ExecMainStatus"), "78")
    aio01.succeed(f"rm {SYSTEMS}/cluster-config")

with subtest("encrypted for this machine, it is what counts"):
    encrypt = "systemd-creds encrypt --with-key=host --name=cluster-config /root/plain.json"
    aio01.succeed(f"{encrypt} {STORE}/cluster-config", "rm /etc/nixos/secrets/cluster-config.json")
    if version < 254:
        drop_in = "[Service]\\nLoadCredential=\\nLoadCredentialEncrypted=cluster-config\\n"
        for unit in (JOIN, FLAREDB, IAM, CHECK):
            aio01.succeed(
                f"mkdir -p /etc/systemd/system/{unit}.d",
                f"printf '{drop_in}' >/etc/systemd/system/{unit}.d/encrypted.conf",
            )
        aio01.succeed("systemctl daemon-reload")
    aio01.succeed(f"systemctl restart {JOIN}", timeout=60)
    for marker in (".chainfire-initialized", ".flaredb-initialized"):
        aio01.wait_for_file(f"{MARKERS}/{marker}", timeout=60)
    as_a_unit = "systemd-run --pipe --wait --property=LoadCredentialEncrypted=cluster-config"
    t.assertIn(as_a_unit, status)
    shown = aio01.succeed(f"{as_a_unit} first-boot-agent config show", timeout=60)
    t.assertIn("aio01", shown)
    aio01.fail("first-boot-agent config show")

with subtest("a password of IAM that cannot be decrypted is not replaced by another"):
    aio01.succeed(f"systemctl restart --no-block {IAM}")
    is_refused(IAM, SECRET, "iam-admin-password")
    aio01.fail(f"test -e {MARKERS}/iam-admin-password")
    aio01.fail(f"test -e {MARKERS}/.iam-initialized")
    aio01.succeed(f"rm {STORE}/iam-admin-password", f"systemctl restart {IAM}", timeout=60)
    aio01.succeed(f"test -e {MARKERS}/.iam-initialized")
