"""Reads what a machine reports of a boot, and shows what the stage in the initrd cost it.

Only arithmetic and text; must not measure anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from .bench_report import MIB

WITHOUT, OFF, ASKED = "without", "off", "asked"
#: Issue 4's aim for the boot that the stage does something in.
ADDED_MS = 150.0
UNIT, ROOT = "first-boot-initrd.service", "initrd-root-fs.target"
#: systemd's catalog: a unit begins to start, and has started.
STARTING, STARTED = "7d4958e842da4a758f6c1cdc7b36dcc5", "39f53479d3a045ac8e11786248231fbf"
PEAK = re.compile(r"/memory\.peak:(\d+)$", re.M)
CPU = re.compile(r"/cpu\.stat:usage_usec (\d+)$", re.M)
UPTIME = re.compile(r"/proc/uptime:([\d.]+) ([\d.]+)$", re.M)
HEADING = ("", "without", "off", "asked")
ROW = "  {:<44} {:>15} {:>15} {:>15}"


@dataclass(frozen=True)
class Boot:
    """One boot by the guest's own clock, in milliseconds."""

    #: From the kernel's start to the initrd's systemd; unpacking the initrd is part of it.
    kernel_ms: float
    #: From there until the system's systemd has taken over.
    initrd_ms: float
    #: From the unit's start to its end; None where it did not run.
    unit_ms: float | None
    #: How long after the root file system was there it ended; below 0 where that was last.
    after_root_ms: float | None
    #: What the processor did from the kernel's start until the initrd was left; 10 ms exact.
    busy_ms: float

    @property
    def total_ms(self) -> float:
        """From the kernel's start until the initrd was left."""
        return self.kernel_ms + self.initrd_ms


@dataclass(frozen=True)
class Peak:
    """What the unit's cgroup took, the program that reads it included."""

    memory_bytes: int
    cpu_ms: float


@dataclass(frozen=True)
class Size:
    """What the agent adds to an initrd, packed in one way."""

    how: str
    size: int


@dataclass
class InitrdResults:
    """Everything that was measured."""

    host: str
    boots: dict[str, list[Boot]] = field(default_factory=lambda: {WITHOUT: [], OFF: [], ASKED: []})
    peak: Peak | None = None
    sizes: list[Size] = field(default_factory=list)


def boot_from(stamps: str, entries: str, uptime: str) -> Boot:
    """One boot from PID 1's stamps, its journal entries of the unit and the root, and the kernel's
    account of the time that its one processor idled (proc_uptime(5))."""
    told = dict(line.split("=", 1) for line in stamps.split())
    began, left = (int(told[f"{name}TimestampMonotonic"]) for name in ("InitRD", "Userspace"))
    if not 0 < began < left:
        raise ValueError(f"these are no stamps of a boot through an initrd: {stamps!r}")
    when: dict[tuple[str, str], float] = {}
    for line in entries.splitlines():
        entry = json.loads(line)
        # What came later is of the system, which has targets of the same name.
        when.setdefault((entry["UNIT"], entry.get("MESSAGE_ID", "")), sent_us(entry))
    start, end = when.get((UNIT, STARTING)), when.get((UNIT, STARTED))
    unit_ms = after_root_ms = None
    if start is not None and end is not None:
        unit_ms = (end - start) / 1e3
        after_root_ms = (end - when[ROOT, STARTED]) / 1e3
    counted = UPTIME.search(uptime)
    if counted is None:
        raise ValueError(f"the kernel's account of its idle time is missing in {uptime!r}")
    busy_ms = (float(counted[1]) - float(counted[2])) * 1e3
    return Boot(began / 1e3, (left - began) / 1e3, unit_ms, after_root_ms, busy_ms)


def sent_us(entry: dict[str, str]) -> float:
    """When an entry was sent, on the monotonic clock: journald may have read it much later."""
    read, received = int(entry["__MONOTONIC_TIMESTAMP"]), int(entry["__REALTIME_TIMESTAMP"])
    return read - (received - int(entry.get("_SOURCE_REALTIME_TIMESTAMP", received)))


def peak_from(told: str) -> Peak:
    """What the kernel counted for the unit's cgroup."""
    memory, cpu = PEAK.search(told), CPU.search(told)
    if memory is None or cpu is None:
        raise ValueError(f"the kernel's counts of the unit are missing in {told!r}")
    return Peak(int(memory[1]), int(cpu[1]) / 1e3)


def spread(values: list[float]) -> str:
    """Median, and half the way from the least to the most."""
    return f"{median(values):,.0f} ± {(max(values) - min(values)) / 2:,.0f}"


def row(results: InitrdResults, what: str, value: Callable[[Boot], float]) -> str:
    """One number of all three sides."""
    sides = (spread([value(boot) for boot in made]) for made in results.boots.values())
    return ROW.format(what, *sides)


def added(results: InitrdResults, side: str) -> float:
    """How many ms of the processor a side's boots take more than those without, by the medians."""
    of = {name: median(boot.busy_ms for boot in made) for name, made in results.boots.items()}
    return of[side] - of[WITHOUT]


def verdicts(results: InitrdResults) -> list[str]:
    """What is added, beside the aims."""
    plain = [boot.busy_ms for boot in results.boots[WITHOUT]]
    asked, off = added(results, ASKED), added(results, OFF)
    within = min(plain) <= median(plain) + off <= max(plain)
    return [
        f"  asked adds {asked:+,.0f} ms of the processor, by the medians; aim ≤ {ADDED_MS:.0f} ms:"
        f" {'met' if asked <= ADDED_MS else 'MISSED'}",
        f"  off adds {off:+,.0f} ms of it; aim: none, so no more than boots without it differ by"
        f" themselves: {'met' if within or off < 0 else 'MISSED'}",
    ]


def cost_rows(results: InitrdResults) -> list[str]:
    """The unit itself: its time, its memory, and its place in the initrd."""
    ran = results.boots[ASKED]
    units = [boot.unit_ms for boot in ran if boot.unit_ms is not None]
    held = [boot.after_root_ms for boot in ran if boot.after_root_ms is not None]
    return [
        f"  ms, the unit runs, mostly beside the boot's own wait for its root: {spread(units)}",
        f"  ms, it ends after the root file system is there: {spread(held)}",
        *peak_rows(results.peak),
        *(f"  MiB in the initrd, {one.how}: {one.size / MIB:.2f}" for one in results.sizes),
    ]


def peak_rows(peak: Peak | None) -> list[str]:
    """Memory and processor."""
    if peak is None:
        return []
    return [
        f"  MiB, peak of the unit's cgroup: {peak.memory_bytes / MIB:.2f}",
        f"  ms CPU of the unit: {peak.cpu_ms:,.0f}",
    ]


def table(results: InitrdResults) -> str:
    """All of it."""
    lines = [
        results.host,
        "",
        f"The initrd stage: {len(results.boots[ASKED])} boots of each machine, by turns;"
        " median ± half the range",
        ROW.format(*HEADING),
        row(results, "ms, kernel starts → initrd's systemd", lambda boot: boot.kernel_ms),
        row(results, "ms, initrd's systemd → system's systemd", lambda boot: boot.initrd_ms),
        row(results, "ms, both", lambda boot: boot.total_ms),
        row(results, "ms of the processor, until the initrd is left", lambda boot: boot.busy_ms),
        *verdicts(results),
        *cost_rows(results),
        "",
        "How to read it",
        "  without: no agent in the initrd; off: with it, and first_boot.initrd=0 on the kernel's",
        "  command line; asked: the configuration comes as a credential, which all are given.",
        "  All by the guest's own clock, which counts instructions, 4 ns each, and jumps where the",
        "  machine waits for its disk: the range of the first three rows is the host's. Of the",
        "  processor: /proc/uptime without its idle time, read as the last thing in the initrd;",
        "  it is what the boot takes longer where nothing else would be waited for meanwhile.",
        "  Memory and CPU: memory.peak and cpu.stat of the unit's cgroup, read when it is",
        "  ready by a further command of it, in a boot that is not timed.",
        "",
        "Again: make bench ONLY=initrd",
    ]
    return "\n".join(lines)
