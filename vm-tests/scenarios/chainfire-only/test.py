"""flaredb and IAM are switched off in the config: their units are quick and quiet."""

MARKERS = "/var/lib/first-boot-automation"

aio01.start()

with subtest("chainfire is joined"):
    aio01.wait_for_unit("chainfire-cluster-join.service", timeout=60)
    aio01.succeed(f"test -s {MARKERS}/.chainfire-initialized")

with subtest("the other units succeed without doing anything"):
    aio01.wait_for_unit("flaredb-cluster-join.service", timeout=20)
    aio01.wait_for_unit("iam-initial-setup.service", timeout=20)
    aio01.fail(f"ls {MARKERS}/.flaredb-*")
    aio01.fail(f"ls {MARKERS}/.iam-*")
    for unit in ("flaredb-cluster-join", "iam-initial-setup"):
        problems = aio01.succeed(f"journalctl --quiet -p warning _SYSTEMD_UNIT={unit}.service")
        t.assertEqual(problems, "", f"{unit} complained")

with subtest("the health check asks for nothing that is switched off"):
    aio01.succeed("first-boot-agent health-check", timeout=30)
    aio01.wait_until_succeeds(
        "systemctl show cluster-health-check.service | grep ^ExecMainExitTimestamp=.",
        timeout=60,
    )
    aio01.succeed("systemctl show cluster-health-check.service | grep ^Result=success")
    aio01.succeed("first-boot-agent status --wait", timeout=30)
