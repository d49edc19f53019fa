"""The benchmark reads right what strace and the instrument print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness import bench_etcd_report, places
from harness.bench_alone import Started, count
from harness.bench_etcd_report import EtcdJoin, EtcdResults
from harness.bench_rounds import costs
from harness.bench_watch import Watch
from harness.waiting import WATCHDOG

TRACE = """\
10 execve("/usr/bin/nsenter", ["nsenter"], 0x1 /* 3 vars */) = 0
10 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
11 execve("/usr/bin/join", ["join"], 0x1 /* 3 vars */) = 0
10 <... clone resumed>, child_tidptr=0x1) = 11
11 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SETTLS, stack_size=0x1}, 88) = 12
11 vfork( <unfinished ...>
13 execve("/usr/bin/curl", ["curl"], 0x1 /* 3 vars */) = 0
11 <... vfork resumed>) = 13
11 --- SIGCHLD {si_signo=SIGCHLD, si_pid=13} ---
"""


def test_processes_are_counted_from_the_program_on() -> None:
    assert count(TRACE, "/usr/bin/join") == Started(processes=2, threads=1)


def test_the_instrument_reports_exit_code_time_and_memory() -> None:
    instrument = places.VM_TESTS / "bench" / "measure.pl"
    printed = subprocess.run(
        [instrument, "2", sys.executable, "-c", "print('between'); raise SystemExit(3)"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=WATCHDOG,
    ).stdout
    assert printed.count("between") == 2
    runs = costs(printed)
    assert [run.exit_code for run in runs] == [3, 3]
    assert all(run.wall_ms > 1 and run.cpu_ms > 1 and run.max_rss_mib > 4 for run in runs)


def test_a_watch_sees_a_renamed_file_and_nothing_else(tmp_path: Path) -> None:
    with Watch(tmp_path) as watch:
        (tmp_path / "other").write_text("")
        assert watch.wait("marker", 0.01) is None
        (tmp_path / "unfinished").write_text("")
        (tmp_path / "unfinished").rename(tmp_path / "marker")
        assert watch.wait("marker", 5) is not None


def test_the_table_of_etcd_says_who_voted_when_the_marker_was_there() -> None:
    joins = {"agent": [EtcdJoin(80.0, 1100.0, True)], "seed": [EtcdJoin(480.0, 2200.0, False)]}
    told = bench_etcd_report.table(EtcdResults("host", joins, [EtcdJoin(5.0, 800.0, True)]))
    assert "agent 1 of 1, script 0 of 1" in told
    assert "healthy → promoted: median 5 ms, worst 5 ms" in told
    [row] = [line for line in told.splitlines() if "healthy → marker, median" in line]
    assert row.split()[-3:] == ["80.0", "480.0", "6×"]
