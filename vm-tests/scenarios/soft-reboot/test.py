"""A soft-reboot keeps the boot, and what its initrd has refused (rows M11, S3).

The kernel's boot ID stays, /run stays, and no initrd looks again: a source that was broken may
still have said to join. Only a reboot of the machine begins again.
"""

import json

JOIN = "chainfire-cluster-join.service"
HAND_OVER = "/run/first-boot-agent"
CONFIG = "/etc/nixos/secrets/cluster-config.json"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"
REFUSED = "the partition first-boot-config /dev/vdb1"


def boot_id():
    return aio01.succeed("cat /proc/sys/kernel/random/boot_id").strip()


def leave_behind(boot):
    """What an initrd of this boot would have left."""
    boot |= {"schema_version": 1, "run_id": boot_id().replace("-", ""), "kind": "first-boot"}
    aio01.succeed(
        f"mkdir -p --mode=0700 {HAND_OVER}",
        f"cat >{HAND_OVER}/boot.json <<'EOT'\n{json.dumps(boot)}\nEOT",
    )


def is_refused():
    aio01.wait_until_succeeds(f"systemctl show {JOIN} | grep ^ExecMainStatus=78", timeout=60)
    t.assertIn(REFUSED, aio01.succeed(f"systemctl show --property=StatusText {JOIN}"))
    aio01.fail(f"test -e {MARKER}")


aio01.start(allow_reboot=True)
aio01.wait_for_unit(JOIN, timeout=60)
version = int(aio01.succeed("systemctl --version").split()[1])
first = boot_id()

with subtest("what the initrd has refused is in the way of a bootstrap"):
    aio01.succeed(f"systemctl stop {JOIN}", f"rm {MARKER}")
    leave_behind({"refused": [{"source": REFUSED, "error": "it is no JSON"}]})
    aio01.execute(f"systemctl restart {JOIN}")
    is_refused()

if version >= 254:
    with subtest("and it still is after a soft-reboot"):
        before = aio01.succeed("systemctl show --property=UserspaceTimestampMonotonic")
        aio01.execute("systemctl soft-reboot")
        aio01.wait_until_succeeds(
            "systemctl show --property=UserspaceTimestampMonotonic"
            f" | grep --invert-match {before.strip()} && systemctl is-active multi-user.target",
            timeout=120,
        )
        t.assertEqual(boot_id(), first)
        is_refused()

with subtest("a reboot of the machine begins again"):
    aio01.reboot()
    aio01.wait_for_unit(JOIN, timeout=60)
    aio01.succeed(f"test -s {MARKER}", f"test ! -e {HAND_OVER}/boot.json")
