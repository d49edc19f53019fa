"""What the start of a unit of the agent costs before the agent runs: its sandbox, part by part.

systemd's own stamps of `/bin/true`, started with the settings of the joiner's unit and with
fewer of them, by turns on one node. Must not ask the node anything while one of them starts.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from . import places
from .bench_report import aim
from .bench_rounds import AGENT, UNITS, Join
from .machine_units import Machine

ROUNDS, JOINS = 25, 10
#: Issue 12's aims for both units started at once, which every first boot does.
FIRST_REQUEST_MS, MARKER_MS = 20.0, 50.0
SHIPPED = places.REPOSITORY / "agent" / "systemd" / UNITS[AGENT]
#: Each of them makes systemd set up a file system name space, or a part of it.
MOUNTS = frozenset(
    "PrivateTmp PrivateDevices PrivateMounts ProtectSystem ProtectHome ProtectProc ReadOnlyPaths"
    " ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups"
    " BindReadOnlyPaths LoadCredential ProtectHostname".split()
)
FILTERS = frozenset(
    "SystemCallFilter SystemCallArchitectures RestrictNamespaces RestrictRealtime LockPersonality"
    " RestrictSUIDSGID MemoryDenyWriteExecute RestrictAddressFamilies ProtectClock".split()
)
WITHOUT = {
    "as the unit is shipped": frozenset[str](),
    "without ProtectKernelTunables=": frozenset(["ProtectKernelTunables"]),
    "without system call filters": FILTERS,
    "with ProtectSystem=strict as its only mount setting": MOUNTS - {"ProtectSystem"},
    "without a file system name space": MOUNTS,
    "without a file system name space and filters": MOUNTS | FILTERS,
}
#: What says how the program runs, and nothing of where.
ELSE = ("ExecStart", "Restart", "RemainAfterExit", "NotifyAccess")
STAMPS = ("ExecMainStartTimestampMonotonic", "ExecMainExitTimestampMonotonic")


def unit(left_out: frozenset[str]) -> str:
    """A unit that starts /bin/true, and stays to be asked for its stamps."""
    section = SHIPPED.read_text().partition("[Service]\n")[2].partition("\n[")[0]
    lines = [line for line in section.splitlines() if line and not line.startswith("#")]
    kept = [
        line
        for line in lines
        if (name := line.partition("=")[0]) not in left_out and not name.startswith(ELSE)
    ]
    start = ["ExecStart=/bin/true", "RemainAfterExit=yes"]
    limit = ["[Unit]", "StartLimitIntervalSec=0", "[Service]"]
    return "\n".join([*limit, *start, *kept, ""])


def measure(machine: Machine, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Milliseconds from the fork of PID 1 to the end of /bin/true."""
    names = [f"start-{number}.service" for number in range(len(WITHOUT))]
    for name, left_out in zip(names, WITHOUT.values()):
        machine.succeed(f"cat >/run/systemd/system/{name} <<'E'\n{unit(left_out)}E\n")
    machine.succeed("systemctl daemon-reload")
    took: dict[str, list[float]] = {what: [] for what in WITHOUT}
    say(f"/bin/true in the sandbox and in parts of it: {ROUNDS} starts each")
    for _ in range(ROUNDS):
        for name, what in zip(names, took):
            machine.succeed(f"systemctl restart {name}")
            began, ended = (int(machine.get_unit_property(name, stamp)) for stamp in STAMPS)
            took[what].append((ended - began) / 1e3)
    return took


def joins_table(joins: list[Join]) -> list[str]:
    """The agent's own joins beside the aims."""
    first = median(join.to_first_request for join in joins)
    marker = median(join.to_marker for join in joins)
    return [
        f"Service and joiner started at once, {len(joins)} joins, medians",
        f"  ms, healthy → first request {first:.1f}   {aim(first, FIRST_REQUEST_MS, 'ms')}",
        f"  ms, healthy → marker {marker:.1f}   {aim(marker, MARKER_MS, 'ms')}",
    ]


def table(host: str, joins: list[Join], took: dict[str, list[float]]) -> str:
    """Median and shortest of each."""
    rows = [f"  {what:<52} {median(all_):>6.1f} {min(all_):>6.1f}" for what, all_ in took.items()]
    head = f"/bin/true with the settings of {UNITS[AGENT]}, {ROUNDS} starts each, by turns"
    columns = f"  {'ms, from the fork of PID 1 to its end':<52} {'median':>6} {'least':>6}"
    parts = [host, "", *joins_table(joins), "", head, columns, *rows, ""]
    return "\n".join([*parts, "Again: make bench ONLY=start"])
