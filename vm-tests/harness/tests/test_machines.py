"""The harness on QEMU machines: power, cable, commands, clock, and that nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.tests.test_cleanup import Run
from harness.tests.test_nodes import run

pytestmark = pytest.mark.usefixtures("machines_can_run")

NODES: dict[str, object] = {
    "node01": {"address": "10.0.1.10"},
    "node02": {"address": "10.0.1.11", "hardware": {"clock": "1999-12-31T23:00:00"}},
}


def test_a_machine_is_a_node_like_others(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
start_all()
with subtest("commands"):
    node02.wait_for_unit("multi-user.target", timeout=240)
    t.assertEqual(node02.succeed("echo a", "echo b"), "a\\nb\\n")
    t.assertEqual(node02.execute("printf 'no\\\\0line'")[1], "no\\0line")
    t.assertEqual(node02.execute("false | true")[0], 1)
    t.assertEqual(node02.execute("tail -f /dev/null", timeout=1)[0], 124)
    t.assertEqual(node02.fail("echo why; exit 3"), "why\\n")
    node02.copy_from_host("/etc/debian_version", "/root/some/where")
    node02.wait_for_file("/root/some/where", timeout=30)
    node02.wait_for_console_text("Reached target", timeout=30)
with subtest("clock and cable"):
    t.assertEqual(node02.succeed("date +%Y-%m-%d"), "1999-12-31\\n")
    node01.succeed("ping -c 1 -W 5 node02")
    node02.block()
    node01.fail("ping -c 1 -W 1 node02")
    node02.wait_until_succeeds("grep 0 /sys/class/net/eth0/carrier", timeout=60)
    node02.unblock()
    node01.wait_until_succeeds("ping -c 1 -W 1 node02", timeout=60)
with subtest("power"):
    boot = "cat /proc/sys/kernel/random/boot_id"
    seen = {node02.succeed(boot)}
    node02.succeed("echo kept >/root/kept && sync /root/kept")
    node02.reboot()
    seen.add(node02.succeed(boot))
    # What was not written is gone: this is what sets power loss apart.
    node02.succeed("echo lost >/root/lost")
    node02.crash()
    node02.start()
    seen.add(node02.succeed(boot, "test -e /root/kept").split()[0] + "\\n")
    node02.fail("grep lost /root/lost")
    t.assertEqual(len(seen), 3)
    node02.shutdown()
""",
        NODES,
    )


BOOTS = """
node02.start()
node02.wait_for_console_text("systemd", timeout=240)
log.info("it boots")
node02.wait_for_shutdown()
"""


def test_a_killed_run_leaves_no_machine(tmp_path: Path) -> None:
    program = (
        "from harness.tests.test_machines import BOOTS, NODES, run; from pathlib import Path;"
        f"run(Path({str(tmp_path)!r}), BOOTS, NODES)"
    )
    killed = Run("-c", program)
    killed.read_until("it boots")
    killed.process.kill()
    killed.end()
    killed.assert_nothing_left()
