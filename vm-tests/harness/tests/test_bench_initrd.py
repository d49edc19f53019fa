"""What a machine reports of its boots is read right, and the table says what it means."""

from __future__ import annotations

import json

import pytest
from harness import bench_initrd
from harness.bench_initrd_report import ASKED, OFF, ROOT, STARTED, STARTING, UNIT, WITHOUT
from harness.bench_initrd_report import Boot, InitrdResults, Peak, boot_from, peak_from, table

STAMPS = "InitRDTimestampMonotonic=2000000\nUserspaceTimestampMonotonic=5500000\n"
UPTIME = "/proc/uptime:5.49 2.30"


def entry(unit: str, message: str, sent_ms: int, late_ms: int) -> str:
    """As journalctl shows it: sent at one time, read by journald later."""
    read, epoch = (sent_ms + late_ms) * 1000, 10**15
    fields = {
        "UNIT": unit,
        "MESSAGE_ID": message,
        "__MONOTONIC_TIMESTAMP": str(read),
        "__REALTIME_TIMESTAMP": str(epoch + read),
        "_SOURCE_REALTIME_TIMESTAMP": str(epoch + sent_ms * 1000),
    }
    return json.dumps(fields)


def test_a_boot_is_read_by_when_its_entries_were_sent() -> None:
    entries = [
        entry(UNIT, STARTING, 2100, 900),
        entry(ROOT, STARTED, 2950, 50),
        entry(UNIT, STARTED, 3000, 10),
        # The system's target of the same name, or a second start: not the initrd's.
        entry(ROOT, STARTED, 7000, 0),
    ]
    boot = boot_from(STAMPS, "\n".join(entries), UPTIME)
    busy = pytest.approx(3190)
    assert boot == Boot(2000, 3500, unit_ms=900, after_root_ms=50, busy_ms=busy)
    assert boot.total_ms == 5500


def test_a_unit_that_was_skipped_took_no_time() -> None:
    skipped = entry(UNIT, "0e4284a0caca4bfc81c0bb6786972673", 2100, 0)
    assert boot_from(STAMPS, skipped, UPTIME).unit_ms is None


def test_stamps_of_a_boot_without_an_initrd_are_refused() -> None:
    with pytest.raises(ValueError, match="no stamps"):
        boot_from(STAMPS.replace("2000000", "0"), "", UPTIME)


def test_a_boot_whose_idle_time_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="idle time"):
        boot_from(STAMPS, "", "")


def test_the_kernels_counts_are_read_or_missed() -> None:
    folder = bench_initrd.CGROUP
    told = f"{folder}/memory.peak:3145728\n{folder}/cpu.stat:usage_usec 81500"
    assert peak_from(told) == Peak(memory_bytes=3 * 1024 * 1024, cpu_ms=81.5)
    with pytest.raises(ValueError, match="missing"):
        peak_from("grep: No such file or directory")


def results(asked: float, off: float) -> InitrdResults:
    """Three boots a side, 20 ms apart; what is given is added to the median."""
    told = InitrdResults("a host")
    for side, more in ((WITHOUT, 0.0), (OFF, off), (ASKED, asked)):
        unit = 90.0 if side == ASKED else None
        for noise in (-20.0, 0.0, 20.0):
            kernel, busy = 2000 + noise, 4000 + noise + more
            told.boots[side].append(Boot(kernel, 3000 + more, unit, unit, busy))
    return told


@pytest.mark.parametrize(
    ("asked", "off", "said"),
    [
        (150.0, 20.0, ["asked adds +150 ms of", "150 ms: met", "themselves: met"]),
        (151.0, 21.0, ["asked adds +151 ms", "150 ms: MISSED", "themselves: MISSED"]),
        (-5.0, -30.0, ["asked adds -5 ms", "150 ms: met", "themselves: met"]),
    ],
)
def test_the_table_holds_what_is_added_against_the_aims(
    asked: float, off: float, said: list[str]
) -> None:
    printed = table(results(asked, off))
    assert all(part in printed for part in said), printed
    assert "5,000 ± 20" in printed


def test_the_machines_differ_in_the_stage_alone() -> None:
    without, off, asked, watched = (one.hardware for one in bench_initrd.blueprints())
    assert without and off and asked and watched
    assert [one.initrd.agent for one in (without, off, asked, watched)] == [False] + 3 * [True]
    assert off.kernel_command_line == ("first_boot.initrd=0",)
    assert without.kernel_command_line == asked.kernel_command_line == ()
    assert all("cluster-config" in one.credentials for one in (without, off, asked, watched))
    same, watching = ({*one.initrd.files} for one in (asked, watched))
    assert same == {*without.initrd.files} == {*off.initrd.files} and same < watching
    assert [one.cpus for one in (without, off, asked)] == [1, 1, 1]
