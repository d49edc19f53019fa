"""The table of the benchmark: both sides, the ratio, the aim, and whether it is met.

Only arithmetic and text; must not measure anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from .bench_alone import OwnTime, Started
from .bench_rounds import AGENT, SEED, Cost, Join

MIB = 1024 * 1024
#: Issue 2's aims.
TO_LEADER_MS, BEYOND_LEADER_MS, TIMES_QUICKER = 5.0, 15.0, 50.0
CPU_MS, RSS_MIB, RAW_MIB, PACKED_MIB, DONE_MS = 15.0, 8.0, 5.0, 2.2, 5.0
ROW = "  {:<47} {:>9} {:>9} {:>6}   {}"


@dataclass
class Results:
    """Everything that was measured."""

    host: str
    clock_error_ms: float
    waiting: dict[str, list[Join]] = field(default_factory=dict)
    ordered: dict[str, list[Join]] = field(default_factory=dict)
    own: list[OwnTime] = field(default_factory=list)
    done: dict[str, list[Cost]] = field(default_factory=dict)
    floor: list[Cost] = field(default_factory=list)
    started: dict[str, Started | None] = field(default_factory=dict)
    raw_bytes: int = 0
    packed_bytes: int = 0


def aim(value: float, most: float, unit: str, why: str = "") -> str:
    """The aim beside a number."""
    return f"aim ≤ {most:.1f} {unit}{why}: {'met' if value <= most else 'MISSED'}"


def row(what: str, agent: float, seed: float | None, note: str = "", digits: int = 1) -> str:
    """One line with both sides; the ratio is the baseline script's value to the agent's."""
    left = f"{agent:,.{digits}f}"
    if seed is None:
        return ROW.format(what, left, "", "", note).rstrip()
    return ROW.format(what, left, f"{seed:,.{digits}f}", f"{seed / agent:,.0f}×", note).rstrip()


def both(
    name: str, sides: dict[str, list[float]], notes: tuple[str, str] = ("", "")
) -> list[str]:
    """Median and worst of both sides."""
    return [
        row(f"{name}, {word}", pick(sides[AGENT]), pick(sides[SEED]), note)
        for (word, pick), note in zip((("median", median), ("worst", max)), notes)
    ]


def of(joins: dict[str, list[Join]], value: Callable[[Join], float]) -> dict[str, list[float]]:
    """One number of every join of both sides."""
    return {side: [value(join) for join in made] for side, made in joins.items()}


def time_rows(results: Results) -> list[str]:
    """From healthy to marker, and from active to the leader."""
    marker = of(results.waiting, lambda join: join.to_marker)
    own = [one.voter for one in results.own]
    notes = [
        aim(pick(marker[AGENT]), alone + BEYOND_LEADER_MS, "ms", f" (leader {alone:.1f} + 15)")
        for pick, alone in ((median, median(own)), (max, max(own)))
    ]
    quicker = median(marker[SEED]) / median(marker[AGENT])
    verdict = "met" if quicker >= TIMES_QUICKER else "MISSED"
    times = ROW.format("times quicker, median", "", "", f"{quicker:,.0f}×", "")
    return [
        *both("ms, healthy → marker", marker, (notes[0], notes[1])),
        f"{times}aim ≥ {TIMES_QUICKER:.0f}×: {verdict}",
        *first_request_rows(results.waiting),
    ]


def first_request_rows(joins: dict[str, list[Join]]) -> list[str]:
    """From the active unit to the leader."""
    first = of(joins, lambda join: join.to_first_request)
    note = aim(median(first[AGENT]), TO_LEADER_MS, "ms")
    return both("ms, active → first request at the leader", first, (note, ""))


def cost_rows(results: Results) -> list[str]:
    """What a join costs the node."""
    cpu = of(results.waiting, lambda join: join.cost.cpu_ms if join.cost else 0.0)
    rss = of(results.waiting, lambda join: join.cost.max_rss_mib if join.cost else 0.0)
    agent_cpu, agent_rss = median(cpu[AGENT]), max(rss[AGENT])
    lines = [
        row(
            "ms CPU of a whole join, median",
            agent_cpu,
            median(cpu[SEED]),
            aim(agent_cpu, CPU_MS, "ms"),
        ),
        row(
            "MiB resident, largest process, worst",
            agent_rss,
            max(rss[SEED]),
            aim(agent_rss, RSS_MIB, "MiB"),
        ),
    ]
    agent, seed = results.started.get(AGENT), results.started.get(SEED)
    if agent and seed:
        counts = (("processes started", agent.processes, seed.processes),)
        counts += (("threads beside their first ones", agent.threads, seed.threads),)
        lines += [row(name, ours, theirs, digits=0) for name, ours, theirs in counts]
    else:
        lines.append("  processes started: not counted, this host has no strace")
    walls = {side: [run.wall_ms for run in runs] for side, runs in results.done.items()}
    raw, packed = results.raw_bytes / MIB, results.packed_bytes / MIB
    return [
        *lines,
        row(
            f"ms, a start that finds all done, median of {len(walls[AGENT])}",
            median(walls[AGENT]),
            median(walls[SEED]),
            aim(median(walls[AGENT]), DONE_MS, "ms"),
        ),
        row("MiB, binary", raw, None, aim(raw, RAW_MIB, "MiB"), digits=2),
        row("MiB, binary, zstd -19", packed, None, aim(packed, PACKED_MIB, "MiB"), digits=2),
    ]


def voters(joins: list[Join]) -> str:
    """How often the node was a full member when its marker appeared."""
    true = sum(join.role_at_marker == "voter" for join in joins)
    return f"{true} of {len(joins)}"


def table(results: Results) -> str:
    """All of it."""
    own = [one.voter for one in results.own]
    learner = [one.learner for one in results.own]
    waiting, ordered = results.waiting, results.ordered
    heading = ROW.format("", "agent", "script", "ratio", "")
    rounds = f"{len(waiting[AGENT])} joins by the agent, {len(waiting[SEED])} by the script"
    lines = [
        results.host,
        "",
        f"The joiner waits, the service starts 0 to 5 s later; {rounds}",
        heading,
        *time_rows(results),
        *cost_rows(results),
        "",
        "Both units started at once, as at boot: systemd starts the joiner once the service is"
        f" active; {len(ordered[AGENT])} joins each",
        heading,
        *both("ms, healthy → marker", of(ordered, lambda join: join.to_marker)),
        *first_request_rows(ordered),
        "",
        f"The leader's own time, without a joiner ({len(own)} adds, between the joins)",
        f"  add arrives → voter is committed: median {median(own):.1f} ms, worst {max(own):.1f} ms",
        f"  of it until the learner is (Server-Timing): median {median(learner):.1f} ms,"
        f" worst {max(learner):.1f} ms",
        "",
        "How to read it",
        "  healthy = active: systemd's stamp; the stand-in says READY=1 once its port answers.",
        "  marker: seen by inotify, when renamed (agent) or closed (script); disks are in memory.",
        "  first request: at the leader, by its own stamp; its clock is known to"
        f" ± {results.clock_error_ms:.2f} ms.",
        f"  the marker found a voter in the leader's list: agent {voters(waiting[AGENT])},"
        f" script {voters(waiting[SEED])} (it does not wait for that).",
        "  the leader's own time ends when its list, asked without a pause, shows the voter.",
        "  processes: one join each under strace, the service 2.5 s after the joiner.",
        "  the same start of /bin/true, which is the floor of the instrument:"
        f" {median(run.wall_ms for run in results.floor):.1f} ms,"
        f" {max(run.max_rss_mib for run in results.floor):.1f} MiB; not subtracted.",
        "",
        "Again: make bench",
    ]
    return "\n".join(lines)
