"""No unit of the installed system runs in an initrd, whence it would survive (row D2)."""

STATE = "/var/lib/first-boot-automation"
UNITS = (
    "chainfire-cluster-join.service",
    "flaredb-cluster-join.service",
    "iam-initial-setup.service",
    "cluster-health-check.service",
)

aio01.start()
aio01.succeed("first-boot-agent status --wait", timeout=60)
aio01.succeed("systemctl stop '*.path'", f"systemctl stop {' '.join(UNITS)}", f"rm {STATE}/.*-*")
# A health check that was stopped at work has failed.
aio01.succeed("systemctl reset-failed")

with subtest("where this is an initrd, each is skipped by its condition"):
    aio01.succeed("touch /etc/initrd-release")
    for unit in UNITS:
        aio01.succeed(f"systemctl start {unit}", timeout=30)
        t.assertEqual(aio01.get_unit_property(unit, "ConditionResult"), "no")
        t.assertEqual(aio01.get_unit_property(unit, "ActiveState"), "inactive")
    aio01.fail(f"ls {STATE}/.*-*")

with subtest("on the installed system they do their work"):
    aio01.succeed("rm /etc/initrd-release", f"systemctl start {' '.join(UNITS)}", timeout=60)
    for unit in UNITS:
        t.assertEqual(aio01.get_unit_property(unit, "ConditionResult"), "yes")
    aio01.succeed("first-boot-agent status", timeout=30)
