"""The table of etcd's part of the benchmark; only arithmetic and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from .bench_report import ROW, both
from .bench_rounds import AGENT, SEED


@dataclass(frozen=True)
class EtcdJoin:
    """One join, in milliseconds."""

    #: Since etcd on the node reported to systemd that it serves.
    to_marker: float
    #: Since the joiner was started.
    whole: float
    #: Whether the leader's side had it as a voter when the marker was seen.
    is_voter: bool


@dataclass
class EtcdResults:
    """Everything that was measured."""

    host: str
    joins: dict[str, list[EtcdJoin]]
    #: The same by hand, up to the promotion; there is no marker.
    alone: list[EtcdJoin]


def voters(joins: list[EtcdJoin]) -> str:
    """How often the node was a voter when its marker appeared."""
    return f"{sum(join.is_voter for join in joins)} of {len(joins)}"


def table(results: EtcdResults) -> str:
    """All of it."""

    def of(value: Callable[[EtcdJoin], float]) -> dict[str, list[float]]:
        """One number of every join of both sides."""
        return {side: [value(join) for join in made] for side, made in results.joins.items()}

    def alone(value: Callable[[EtcdJoin], float]) -> str:
        """The same number by hand."""
        values = [value(join) for join in results.alone]
        return f"median {median(values):,.0f} ms, worst {max(values):,.0f} ms"

    made = len(results.joins[AGENT])
    lines = [
        results.host,
        "",
        f"A node becomes a voter of a real etcd of three (Debian's package); {made} joins each",
        ROW.format("", "agent", "script", "ratio", "").rstrip(),
        *both("ms, healthy → marker", of(lambda join: join.to_marker)),
        *both("ms, start of the joiner → marker", of(lambda join: join.whole)),
        "",
        f"What etcd itself takes, asked by hand without pauses; {len(results.alone)} joins between",
        f"  healthy → promoted: {alone(lambda join: join.to_marker)}",
        f"  first asked to add → promoted: {alone(lambda join: join.whole)}",
        "",
        "How to read it",
        "  healthy: systemd's stamp of etcd's READY=1, sent when its cluster knows its name.",
        "  marker: seen by inotify, when renamed (agent; durable by then) or closed (script).",
        "  script: vm-tests/bench/etcd-join.sh, etcdctl with 5 s between two tries of anything.",
        f"  the marker found a voter in a member's list: agent {voters(results.joins[AGENT])},"
        f" script {voters(results.joins[SEED])}.",
        "",
        "Again: make bench ONLY=etcd",
    ]
    return "\n".join(lines)
