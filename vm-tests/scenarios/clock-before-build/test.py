"""Clocks at 1980 and clocks that step: the join comes about all the same (rows N1, N2).

node04 and node05 are QEMU machines without an RTC battery. Nobody sets node04's clock, so the
policy applies; node05's clock is set while the agent waits, and steps about while it tries.
"""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"
WAITING, SET, BEFORE_BUILD, FAILED = (
    *("3f1c6a2b7d5e4a0c8e9b14d27f60c3a5", "6be0f5d1c2a94c3f9a7d80e1b35f4c92"),
    *("dde5a8811aaf43668999f49576886726", "7a8d9ccd7582429fbac526d3d4381551"),
)
#: Emulated machines on a busy host are slow; each wait ends as soon as it can.
BOOT, PATIENT = 240, 120


def entries(node, *messages):
    """How often the join reported each of these."""
    matches = " + ".join(f"MESSAGE_ID={message}" for message in messages)
    printed = node.succeed(
        f"journalctl --output=json --output-fields=MESSAGE_ID -u {JOIN} {matches}"
        " | jq --raw-output .MESSAGE_ID"
    ).split()
    return [printed.count(message) for message in messages]


def status(node, text, timeout=PATIENT):
    """Wait until the join's STATUS says so."""
    node.wait_until_succeeds(
        f"systemctl show --property=StatusText {JOIN} | grep '{text}'", timeout=timeout
    )


def is_voter(name, address):
    """The cluster lists the node, once and as a voter."""
    node01.wait_until_succeeds(
        f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status '[.members[]"
        f' | select(.id == "{name}" and .raft_addr == "{address}:2380" and .role == "voter")]'
        " | length == 1'",
        timeout=PATIENT,
    )


def run_of(node):
    """Which run of the unit this is, and how often systemd restarted it."""
    return node.succeed(f"systemctl show --property=InvocationID,NRestarts {JOIN}").split()


def fails_again(node):
    """Wait for one more attempt that fails."""
    (before,) = entries(node, FAILED)
    retry(lambda last: entries(node, FAILED) > [before], PATIENT)


start_all()
for node in nodes[:3]:
    node.wait_for_unit(JOIN, timeout=60)

with subtest("node05 waits for its clock, and says so"):
    node05.wait_for_unit("multi-user.target", timeout=BOOT)
    t.assertEqual(node05.succeed("date +%Y").strip(), "1980")
    status(node05, "waiting up to 1200 s for the clock to be set, it says 1980-01-01T00:")
    run = run_of(node05)
    t.assertIn("NRestarts=0", run)
    node05.wait_for_unit("chainfire.service", timeout=PATIENT)
    node05.succeed("systemctl stop chainfire.service")

with subtest("a step that does not reach the build date is no reason to go on"):
    node05.succeed("date --set='2001-01-01'")
    status(node05, "for the clock to be set")
    t.assertEqual(entries(node05, SET), [0])

with subtest("the clock is set, and the agent goes on at once"):
    now = node01.succeed("date +%s").strip()
    node05.succeed(f"date --set=@{now}")
    status(node05, "chainfire.service to become active")
    t.assertEqual(entries(node05, WAITING, SET, BEFORE_BUILD), [1, 1, 0])
    t.assertEqual(run_of(node05), run)

with subtest("steps while it waits for its service do not use up the ten minutes"):
    for step in ("+1 year", "-2 years", "+1 year"):
        node05.succeed(f"date --set='{step}'")
        status(node05, "chainfire.service to become active")
    t.assertEqual(run_of(node05), run)
    node05.block()
    node05.succeed("systemctl start chainfire.service")

with subtest("steps between two attempts do not hold up the next"):
    fails_again(node05)
    for step in ("-1 day", "+1 year", "+1 day -1 year"):
        node05.succeed(f"date --set='{step}'")
        fails_again(node05)
    t.assertEqual(run_of(node05), run)
    node05.unblock()
    node05.wait_for_file(MARKER, timeout=PATIENT)
    t.assertEqual(run_of(node05), run)
    is_voter("node05", "10.0.1.14")

with subtest("node04's clock is never set, and it joins by the build date, loudly"):
    node04.wait_for_file(MARKER, timeout=BOOT)
    t.assertEqual(node04.succeed("date +%Y").strip(), "1980")
    is_voter("node04", "10.0.1.13")
    printed = node04.succeed(
        f"journalctl --output=json -u {JOIN} MESSAGE_ID={WAITING} + MESSAGE_ID={BEFORE_BUILD}"
        " | jq --raw-output '[.PRIORITY, .LIMIT_S, .__MONOTONIC_TIMESTAMP] | @tsv'"
    )
    waits, gives_up = (line.split("\t") for line in printed.splitlines())
    t.assertEqual((waits[0], waits[1], gives_up[0]), ("4", "30", "4"), "both are warnings")
    waited = (int(gives_up[2]) - int(waits[2])) / 1e6
    log.info(f"node04 waited {waited:.1f} s for its clock")
    t.assertGreater(waited, 29)
    # Without the policy no join would succeed: by the clock the certificate is not valid yet.
    refused = node04.fail(f"{ASK} https://node01.prod.example.com:2379/health 2>&1")
    t.assertIn("not yet valid", refused)
