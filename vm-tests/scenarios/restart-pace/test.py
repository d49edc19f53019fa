"""A unit that fails waits for its RestartSec=, whatever else systemd starts meanwhile (row D6).

From systemd 257 on a start job ends such a wait at once, and what a unit wants is started when its
wait begins: so a join that fails must not want, by any way, what requires it.
"""

import json

UNITS = (
    "chainfire-cluster-join.service",
    "flaredb-cluster-join.service",
    "iam-initial-setup.service",
    "cluster-health-check.service",
)
CHAINFIRE, FLAREDB = UNITS[:2]
MARKERS = "/var/lib/first-boot-automation"
#: What systemd says of a unit that it starts, and the drop-ins' RestartSec=.
STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
PAUSE_US = 3_000_000
RUNS = 3


def starts(unit):
    """When systemd has started a unit, in microseconds: as it says, not as the journal heard it."""
    logged = node04.succeed(
        f"journalctl --quiet --boot --output=json _PID=1 UNIT={unit} MESSAGE_ID={STARTING}"
    )
    return [int(json.loads(line)["_SOURCE_REALTIME_TIMESTAMP"]) for line in logged.splitlines()]


def restarts(unit):
    return int(node04.get_unit_property(unit, "NRestarts"))


node04.start()
node04.wait_for_unit("multi-user.target", timeout=60)

with subtest("a join that fails waits before each run"):
    retry(lambda last: len(starts(CHAINFIRE)) >= RUNS, 180)
    counted = restarts(CHAINFIRE)
    for unit in UNITS:
        times = starts(unit)
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        log.info(f"{unit}: pauses of {[gap / 1e6 for gap in gaps]} s")
        t.assertTrue(all(gap >= PAUSE_US for gap in gaps), f"{unit}: {gaps}")
    # Looked at earlier than the journal, so that it cannot be ahead.
    t.assertLessEqual(counted, len(starts(CHAINFIRE)) - 1)
    t.assertGreaterEqual(counted, RUNS - 2)
    t.assertEqual(starts(FLAREDB), [])

with subtest("the cluster appears, and both joins come up by themselves"):
    node01.start()
    for marker in (".chainfire-joined", ".flaredb-joined", ".iam-initialized"):
        node04.wait_for_file(f"{MARKERS}/{marker}", timeout=180)
    node04.wait_for_unit(FLAREDB, timeout=60)

for command in ("restart", "stop"):
    with subtest(f"by hand, {command}: the other join follows where chainfire's has nothing to do"):
        node04.succeed(f"rm {MARKERS}/.flaredb-joined")
        node04.succeed(f"systemctl {command} {CHAINFIRE}", timeout=60)
        if command == "stop":
            node04.fail(f"systemctl is-active {CHAINFIRE}")
            node04.fail(f"systemctl is-active {FLAREDB}")
            node04.succeed(f"systemctl start {CHAINFIRE}", timeout=60)
        node04.wait_for_file(f"{MARKERS}/.flaredb-joined", timeout=60)
        node04.wait_until_succeeds(f"systemctl is-active {FLAREDB}", timeout=30)
