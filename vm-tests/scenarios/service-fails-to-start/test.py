"""A service that fails is reported at once, and its repair is enough (D4, D6)."""

MARKERS = "/var/lib/first-boot-automation"
DROP_IN = "/etc/systemd/system/chainfire.service.d/50-broken.conf"
STORY = "journalctl --no-pager --output=cat -u chainfire-cluster-join.service"

aio01.start()

with subtest("chainfire has failed, the machine is up all the same"):
    aio01.wait_until_succeeds(
        "systemctl show chainfire.service | grep ^ActiveState=failed", timeout=30
    )
    aio01.wait_for_unit("multi-user.target", timeout=30)

with subtest("the join says so at once: the unit, its result, the command to look further"):
    # Far below the 120 s that waiting for health would have taken.
    aio01.wait_until_succeeds(f"{STORY} | grep 'chainfire.service.*failed'", timeout=10)
    said = aio01.succeed(STORY)
    log.info(said)
    t.assertIn("exit-code", said)
    t.assertIn("the store is damaged beyond repair", said)
    t.assertRegex(said, "journalctl .*-u chainfire.service")
    aio01.succeed("journalctl -x --no-pager -u chainfire-cluster-join.service | grep '░░'")
    aio01.fail(f"ls {MARKERS}/.chainfire-*")
    aio01.fail("first-boot-agent health-check")

with subtest("after the repair everything comes up by itself"):
    aio01.succeed(f"rm {DROP_IN} && systemctl daemon-reload && systemctl start chainfire.service")
    for marker in (".chainfire-initialized", ".flaredb-initialized", ".iam-initialized"):
        aio01.wait_for_file(f"{MARKERS}/{marker}", timeout=45)
    aio01.wait_for_unit("chainfire-cluster-join.service", timeout=30)
    aio01.wait_until_succeeds("first-boot-agent health-check", timeout=30)
