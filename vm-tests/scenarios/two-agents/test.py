"""Two agents for one service: the second says who is at work, and waits (row S5)."""

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"
LOCK = "/var/lib/first-boot-automation/chainfire.lock"
BY_HAND = "first-boot-agent --log-format text join chainfire"


def waits_for_chainfire():
    node04.wait_until_succeeds(
        f"systemctl show --property=StatusText {JOIN} | grep 'chainfire.service to become active'",
        timeout=30,
    )


node01.start()
node01.wait_for_unit(JOIN, timeout=60)
node04.start()
waits_for_chainfire()

with subtest("leave takes over from a unit that waits"):
    said = node04.succeed("first-boot-agent --log-format text leave 2>&1", timeout=60)
    log.info(said)
    t.assertIn(f"Stopping {JOIN}: ", said)
    # By systemd's rules a oneshot that SIGTERM ends has failed; a leave forgets that, and as it was
    # stopped, it is not started again.
    t.assertEqual(node04.get_unit_property(JOIN, "ActiveState"), "inactive")
    t.assertEqual(node04.get_unit_property(JOIN, "NRestarts"), "0")
    node04.succeed(f"systemctl start --no-block {JOIN}")
    waits_for_chainfire()

with subtest("an operator's join says that the unit is at work, and waits"):
    unit_pid = node04.get_unit_property(JOIN, "MainPID")
    node04.succeed(
        f"setsid sh -c '{BY_HAND}; echo ended with $?' > /root/by-hand 2>&1 < /dev/null &"
    )
    node04.wait_until_succeeds("grep 'Waiting for another agent' /root/by-hand", timeout=30)
    said = node04.succeed("cat /root/by-hand")
    log.info(said)
    t.assertIn(f"PID {unit_pid}", said)
    t.assertIn(JOIN, said)
    t.assertIn(LOCK, said)

with subtest("the unit is killed, and the other goes on; the unit's next run waits for it in turn"):
    hand_pid = node04.succeed(f"pgrep --full --exact '{BY_HAND}'").strip()
    node04.succeed(f"systemctl kill --kill-whom=main --signal=KILL {JOIN}")
    node04.wait_until_succeeds(f"grep 'PID {hand_pid}' {LOCK}", timeout=30)
    node04.succeed(f"systemctl restart --no-block {JOIN}")
    node04.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep 'Waiting for another agent: .*PID {hand_pid}'", timeout=30
    )
    node04.fail(f"test -e {MARKER}")

with subtest("another operator's command is left alone: leave and reset say so and change nothing"):
    for command in ("leave", "reset chainfire"):
        said = node04.fail(f"first-boot-agent --log-format text {command} 2>&1", timeout=30)
        t.assertIn(f"PID {hand_pid}", said)
        t.assertIn("Nothing was changed", said)

with subtest("the service starts, and both end well, with one add"):
    node04.succeed("touch /run/chainfire-may-start", "systemctl start chainfire.service")
    node04.wait_for_unit(JOIN, timeout=60)
    node04.wait_until_succeeds("grep 'ended with 0' /root/by-hand", timeout=30)
    node04.succeed(f"test -s {MARKER}")
    node01.succeed(
        f"{ASK} https://localhost:2379/test/requests | jq --exit-status"
        " 'map(select(.path == \"/admin/member/add\")) | length == 1'",
        f"{ASK} https://localhost:2379/admin/cluster/members | jq --exit-status"
        " '[.members[] | .id] == [\"node01\", \"node04\"]'",
    )
