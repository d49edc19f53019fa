"""A state directory that takes no marker: a clear error with its path; nothing is lost (row S4)."""

JOIN = "chainfire-cluster-join.service"
STATE = "/var/lib/first-boot-automation"
MARKER = f"{STATE}/.chainfire-initialized"

aio01.start()
aio01.wait_for_unit(JOIN, timeout=60)

with subtest("a full disk is named, with the command that shows it, and the run is repeated"):
    aio01.succeed(f"systemctl stop {JOIN}", f"rm {MARKER}")
    aio01.succeed(f"mount -t tmpfs -o size=4096,mode=0755 tmpfs {STATE}")
    aio01.execute(f"dd if=/dev/zero of={STATE}/full bs=4096 count=2")
    aio01.succeed(f"systemctl start --no-block {JOIN}")
    aio01.wait_until_succeeds(f"journalctl -u {JOIN} | grep 'No space left on device'", timeout=30)
    aio01.succeed(f"journalctl -u {JOIN} | grep 'free some space: df -h {STATE}'")
    aio01.fail(f"find {STATE} -name '.chainfire*' | grep .", timeout=10)

with subtest("with space again, the next run writes the marker"):
    aio01.succeed(f"umount {STATE}")
    aio01.wait_for_unit(JOIN, timeout=60)
    aio01.succeed(f"test -s {MARKER}")

with subtest("a read-only directory is named"):
    aio01.succeed(f"rm {MARKER}", f"mount -t tmpfs -o ro tmpfs {STATE}")
    said = aio01.fail("first-boot-agent --log-format text join chainfire 2>&1")
    t.assertIn("Read-only file system", said)
    t.assertIn(f"findmnt --target {STATE}", said)
    aio01.succeed(f"umount {STATE}")

with subtest("a missing directory is made"):
    aio01.succeed(f"rm -r {STATE}", "first-boot-agent join chainfire", f"test -s {MARKER}")

with subtest("a directory in a marker's place is an error that says what to do"):
    aio01.succeed(f"rm {MARKER}", f"mkdir {MARKER}")
    said = aio01.fail("first-boot-agent --log-format text join chainfire 2>&1")
    t.assertIn(f"rmdir {MARKER}", said)
    status = aio01.fail("first-boot-agent status")
    t.assertIn(f"mv -T {MARKER} {MARKER}.damaged && systemctl restart --no-block {JOIN}", status)
