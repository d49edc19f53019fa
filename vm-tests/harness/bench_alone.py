"""What is measured apart from the joins: the leader's own time, processes, starts, sizes.

Must not time anything while strace looks on: counting has a round of its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import ending
from .bench_rounds import AGENT, SEED, SERVICE, Cost, JoiningNode, costs
from .machine import ENVIRONMENT

TESTS = "/usr/lib/first-boot-tests"
COMMANDS = {AGENT: "/usr/bin/first-boot-agent join chainfire", SEED: f"{TESTS}/seed-join.sh"}
TIMING = re.compile(r"raft;dur=([0-9.]+)")
#: In a round that counts, the service starts so long after the joiner.
COUNTED_PHASE = 2.5
CALL = re.compile(r"^\d+ +(\w+)\((.*)$")


@dataclass(frozen=True)
class OwnTime:
    """A change of members without any joiner, in milliseconds."""

    #: What the stand-in says in `Server-Timing`: until the learner is committed.
    learner: float
    #: From the arrival of the add until the list shows the voter.
    voter: float


@dataclass(frozen=True)
class Started:
    """What a joiner started in one join."""

    processes: int
    threads: int


def own_time(node: JoiningNode) -> OwnTime:
    """Add the waiting node directly and look at the leader's list until it is a voter."""
    node.wipe()
    node.machine.succeed(f"systemctl start {SERVICE}")
    began = time.monotonic_ns()
    added = node.leader.add()
    timing = TIMING.search(added.headers.get("Server-Timing", ""))
    if added.status != 201 or timing is None:
        raise RuntimeError(f"the leader answered {added.status} to an add: {added.body}")
    deadline = time.monotonic() + 30
    while node.leader.role() != "voter":
        if time.monotonic() > deadline:
            raise RuntimeError("the added node did not become a voter")
    seen = time.monotonic_ns()
    arrived = next(one for one in node.leader.requests_since(began) if one.method == "POST")
    return OwnTime(float(timing[1]), (seen - arrived.at_ns) / 1e6)


def repeat(node: JoiningNode, times: int, command: str) -> list[Cost]:
    """Run a program on the node again and again."""
    printed = node.machine.succeed(f"{TESTS}/measure.pl {times} {command}")
    runs = costs(printed)
    if len(runs) != times or any(run.exit_code for run in runs):
        raise RuntimeError(f"`{command}` failed on the node:\n{printed}")
    return runs


def started(node: JoiningNode, side: str, folder: Path) -> Started | None:
    """Count what a joiner starts, by strace; None where the host has none."""
    if shutil.which("strace") is None:
        return None
    node.wipe()
    trace = folder / f"{side}.strace"
    namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
    entering = ("nsenter", "--target", str(node.machine.connect()), *namespaces, "--")
    clean = ("env", "--ignore-environment", "--chdir=/", *ENVIRONMENT)
    calls = "--trace=execve,clone,clone3,fork,vfork"
    joining = subprocess.Popen(
        ["strace", "-f", "-qq", calls, f"--output={trace}", *entering, *clean]
        + COMMANDS[side].split(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        # It has nothing to join yet; the time is over because it waits.
        with suppress(subprocess.TimeoutExpired):
            joining.wait(timeout=COUNTED_PHASE)
        node.machine.succeed(f"systemctl start {SERVICE}")
        code = joining.wait(timeout=60)
    finally:
        ending.kill(joining)
    if code != 0:
        raise RuntimeError(f"{COMMANDS[side]} failed under strace ({code}); see {trace}")
    node.leader.wait_until_voter()
    return count(trace.read_text(), COMMANDS[side].split()[0])


def count(trace: str, program: str) -> Started:
    """Processes and threads from the program's own start on, itself included."""
    processes = threads = 0
    for line in trace.splitlines():
        call = CALL.match(line)
        if call is None:
            continue
        name, arguments = call.groups()
        if name == "execve":
            # What came before is how we entered the node.
            if processes == 0 and arguments.startswith(f'"{program}"'):
                processes = 1
        elif processes and "CLONE_THREAD" in arguments:
            threads += 1
        elif processes:
            processes += 1
    return Started(processes, threads)


def sizes(binary: Path) -> tuple[int, int]:
    """Bytes of a file, raw and by `zstd -19`."""
    packed = subprocess.run(
        ["zstd", "-19", "--quiet", "--stdout", str(binary)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return binary.stat().st_size, len(packed.stdout)
