"""The harness on real nodes: power, cable, commands, and what fails a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.machine import RequestedAssertionFailed
from harness.scenario import Scenario, ScenarioFailed

pytestmark = pytest.mark.usefixtures("nodes_can_run")

BARE = {"node01": {"address": "10.0.1.10"}, "node02": {"address": "10.0.1.11"}}


def run(folder: Path, script: str, nodes: dict[str, object] | None = None) -> None:
    (folder / "nodes.json").write_text(json.dumps({"description": "", "nodes": nodes or BARE}))
    (folder / "test.py").write_text(script)
    Scenario(folder).run(print)


def unit(*lines: str) -> dict[str, str]:
    service = ("[Service]", "Type=oneshot", "ExecStart=/bin/true")
    return {"text": "\n".join([*lines, *service, "[Install]", "WantedBy=multi-user.target", ""])}


def wanted(files: dict[str, dict[str, str]]) -> dict[str, object]:
    """A node that pulls in the given units of /etc/systemd/system at boot."""
    pull = "[Unit]\n" + "".join(f"Wants={name}\n" for name in files)
    placed = {f"/etc/systemd/system/{name}": entry for name, entry in files.items()}
    placed["/etc/systemd/system/multi-user.target.d/pull.conf"] = {"text": pull}
    return {"node01": {"address": "10.0.1.10", "files": placed}}


def test_power_and_cable(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
node01.start(allow_reboot=True)
start_all()
for node in nodes:
    node.wait_for_unit("multi-user.target", timeout=120)
    node.succeed("systemctl start network-online.target", timeout=60)
boot = "cat /proc/sys/kernel/random/boot_id"
disk = "cat /etc/machine-id"
t.assertNotEqual(node01.succeed(disk), node02.succeed(disk))
node01.wait_until_succeeds("ping -c 1 -W 1 node02.prod.example.com", timeout=60)
with subtest("the cable"):
    node02.block()
    node01.fail("ping -c 1 -W 1 node02")
    node02.unblock()
    node01.wait_until_succeeds("ping -c 1 -W 1 node02", timeout=60)
with subtest("what was not allowed to reboot does not"):
    t.assertRaises(AssertionError, node02.reboot)
with subtest("every kind of new boot keeps the disk"):
    seen = {node01.succeed(boot)}
    node01.succeed("touch /root/kept")
    for again in ("reboot", "crash", "shutdown", "by itself"):
        if again == "by itself":
            before = node01.succeed(boot)
            node01.execute("systemctl reboot")
            # A command that meets the shutdown is killed with it: it has no answer.
            retry(lambda last: node01.execute(boot)[1] not in ("", before), timeout=120)
        else:
            getattr(node01, again)()
            node01.start(allow_reboot=True)
        node01.succeed("test -e /root/kept")
        seen.add(node01.succeed(boot))
    t.assertEqual(len(seen), 5)
    t.assertEqual(node01.succeed("journalctl --list-boots --quiet | wc -l").strip(), "5")
""",
    )


def test_commands_units_files_and_ports(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
node01.start()
t.assertEqual(node01.succeed("echo a", "echo b"), "a\\nb\\n")
t.assertEqual(node01.execute("exit 3")[0], 3)
t.assertEqual(node01.execute("false | true")[0], 1)
t.assertEqual(node01.execute("tail -f /dev/null", timeout=1)[0], 124)
t.assertEqual(node01.fail("echo why; false"), "why\\n")
node01.wait_for_unit("dbus.service", timeout=120)
node01.require_unit_state("dbus.service")
t.assertEqual(node01.get_unit_info("dbus.service")["ActiveState"], "active")
node01.wait_for_closed_port(9999, timeout=60)
node01.succeed("systemd-run --unit=listener --socket-property=ListenStream=9999"
               " --socket-property=Accept=yes /bin/true")
node01.wait_for_open_port(9999, timeout=60)
node01.stop_job("listener.socket")
node01.start_job("systemd-tmpfiles-clean.service")
node01.copy_from_host("/etc/debian_version", "/root/some/where")
node01.wait_for_file("/root/some/where", timeout=60)
node01.wait_for_console_text("Reached target", timeout=60)
node01.wait_until_fails("false", timeout=60)
""",
    )


def test_waiting_for_a_failed_or_idle_unit_raises_at_once(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
def raises(unit, reason):
    try:
        node01.wait_for_unit(unit, timeout=60)
    except AssertionError as error:
        t.assertIn(reason, str(error))
    else:
        t.fail(f"{unit} is not active")

node01.start()
node01.wait_for_unit("multi-user.target", timeout=120)
node01.execute("systemd-run --unit=broken /bin/false")
raises("broken.service", "failed")
raises("systemd-tmpfiles-clean.service", "no pending jobs")
""",
    )


def test_a_failing_command_shows_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(RequestedAssertionFailed, match="as expected"):
        run(tmp_path, 'node01.succeed("echo as expected; false")')


UP = 'node01.start()\nnode01.wait_for_unit("multi-user.target", timeout=120)\n'


def test_d1_an_ordering_cycle_fails_every_scenario(tmp_path: Path) -> None:
    units = {
        "first.service": unit("[Unit]", "Requires=second.service", "After=second.service"),
        "second.service": unit("[Unit]", "Requires=first.service", "After=first.service"),
    }
    with pytest.raises(ScenarioFailed, match="ordering cycle"):
        run(tmp_path, UP, wanted(units))


def test_a_unit_of_ours_that_systemd_misreads_fails_every_scenario(tmp_path: Path) -> None:
    units = {"flaredb-cluster-join.service": unit("[Unit]", "Aftr=chainfire.service")}
    with pytest.raises(ScenarioFailed, match="Aftr"):
        run(tmp_path, UP, wanted(units))
