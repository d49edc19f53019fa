"""A wait that outlives restarts of systemd and D-Bus, and works without D-Bus (rows D3, D5)."""

JOIN = "chainfire-cluster-join.service"
#: SystemdUnreachable.
UNREACHABLE = "e500bddf37b043078f0f4c3c2052e52b"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"


def wait_for_chainfire():
    """Have the join unit wait for a stopped chainfire."""
    aio01.succeed(f"systemctl stop {JOIN} chainfire.service", f"rm {MARKER}")
    aio01.succeed(f"systemctl start --no-block {JOIN}")
    aio01.wait_until_succeeds(
        f"systemctl show --property=StatusText {JOIN} | grep 'chainfire.service to become active'",
        timeout=20,
    )


def is_acted_on_at_once():
    """Start chainfire; the wait must notice by itself, in the same run of the unit."""
    run = aio01.get_unit_property(JOIN, "InvocationID")
    aio01.succeed("systemctl start chainfire.service")
    aio01.wait_for_file(MARKER, timeout=5)
    t.assertEqual(aio01.get_unit_property(JOIN, "InvocationID"), run)


aio01.start()
aio01.wait_for_unit(JOIN, timeout=60)

TROUBLES = (
    *("daemon-reload", "daemon-reexec"),
    *("restart dbus.service", "kill --signal=KILL dbus.service"),
)
for trouble in TROUBLES:
    with subtest(f"systemctl {trouble} while waiting"):
        wait_for_chainfire()
        aio01.succeed(f"systemctl {trouble}")
        is_acted_on_at_once()

with subtest("without D-Bus, over the private socket of PID 1"):
    aio01.succeed("systemctl stop dbus.socket dbus.service")
    wait_for_chainfire()
    is_acted_on_at_once()
    aio01.fail(f"journalctl --quiet -u {JOIN} MESSAGE_ID={UNREACHABLE} | grep .")
