"""What the stage in the initrd costs: a machine with it, without it, and with it switched off.

Boots QEMU machines by turns and reads the guest's own clock afterwards. That clock counts
instructions, and jumps while the machine waits for its disk: how long it waits, the host
decides. So what the processor did is counted apart from what it waited. Nothing runs on the
machines but what every boot takes; what reads the unit's memory has a machine of its own.
"""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
from collections.abc import Callable

from . import places, product, provision, qemu_additions, rootfs
from .bench_initrd_report import ASKED, OFF, WITHOUT, InitrdResults, Size, boot_from, peak_from
from .blueprint import NodeBlueprint, node_from
from .cpio import Archive
from .lab import Lab
from .log import Log
from .machine_units import Machine
from .qemu_machine import BOOT_LIMIT, machine
from .qemu_node import QemuNode

KEPT = places.CACHE / "bench"
UNIT = qemu_additions.AGENT_UNIT
ROUNDS = 20
#: The machine whose stage is asked for its memory; nobody times it.
WATCHED = "watched"
#: Read when the unit is ready, for its cgroup goes with its process. systemd 252 has
#: no MemoryPeak= yet, but the kernel counts.
CGROUP = f"/sys/fs/cgroup/system.slice/{UNIT}"
READER = f"/usr/bin/grep -H -E ^[0-9]|usage_usec {CGROUP}/memory.peak {CGROUP}/cpu.stat"
#: Asked last in the initrd, on all machines alike; before it comes what is asked of PID 1.
LAST = "initrd-switch-root.service"
UPTIME = "[Service]\nExecStartPre=/usr/bin/grep -H . /proc/uptime\n"
STAMPS = "systemctl show -p InitRDTimestampMonotonic -p UserspaceTimestampMonotonic"
ENTRIES = f"journalctl --boot --output=json UNIT={UNIT} + UNIT=initrd-root-fs.target"
PEAK = f"journalctl --boot --output=cat _SYSTEMD_UNIT={UNIT} --identifier=grep"
BUSY = f"journalctl --boot --output=cat _SYSTEMD_UNIT={LAST} --identifier=grep"
#: How an initrd is packed: as NixOS does where nothing is said, and as the harness does.
PACKERS = (("zstd", "-10"), ("lz4", "-l", "-9"))


def blueprint(name: str, number: int, agent: bool = True, words: str = "") -> NodeBlueprint:
    """One machine: all are given the same credential, whether somebody reads it or not."""
    config = {
        "node_id": name,
        "bootstrap": False,
        "leader_url": "https://leader.prod.example.com:2379",
        "raft_addr": f"10.0.1.{number}:2380",
    }
    drop_in = f"/{qemu_additions.SYSTEM}/{UNIT}.d/bench.conf"
    files = {f"/{qemu_additions.SYSTEM}/{LAST}.d/bench.conf": {"text": UPTIME}}
    if name == WATCHED:
        files[drop_in] = {"text": f"[Service]\nExecStartPost={READER}\n"}
    hardware = {
        "boot": "initrd",
        "initrd": {"agent": agent, "files": files},
        "kernel_command_line": words.split(),
        "credentials": {"cluster-config": config},
    }
    return node_from(name, {"address": f"10.0.1.{number}", "hardware": hardware})


def blueprints() -> list[NodeBlueprint]:
    """The machines: they differ in the agent and in one word of the kernel's."""
    return [
        blueprint(WITHOUT, 10, agent=False),
        blueprint(OFF, 11, words="first_boot.initrd=0"),
        blueprint(ASKED, 12),
        blueprint(WATCHED, 13),
    ]


def sizes() -> list[Size]:
    """What the agent adds to an initrd, as it is packed."""
    plain = io.BytesIO()
    archive = Archive(plain)
    systemd = rootfs.systemd(rootfs.base(print))
    qemu_additions.add_agent(archive, places.REPOSITORY / "agent" / "systemd", systemd)
    archive.end()
    content = plain.getvalue()
    found = [Size("as it is unpacked", len(content))]
    for command in PACKERS:
        packed = subprocess.run(
            [*command, "-c"], input=content, check=True, capture_output=True, timeout=300
        )
        found.append(Size(" ".join(command), len(packed.stdout)))
    return found


def booted(node: Machine, *questions: str) -> list[str]:
    """One boot, from power-on to power-off; what the machine answered once it was up."""
    node.start()
    node.wait_for_unit("multi-user.target", timeout=BOOT_LIMIT)
    answers = [node.succeed(question) for question in questions]
    # Its file systems are left in order, so that the next boot has nothing to repair.
    node.enter(("systemctl", "poweroff", "--force", "--no-block"))
    node.wait_for_shutdown()
    return answers


def measure(host: str, say: Callable[[str], None]) -> InitrdResults:
    """All boots, one machine at a time."""
    results = InitrdResults(host, sizes=sizes())
    base = rootfs.base(say)
    with Lab() as lab:
        nodes = provision.nodes_of(lab, base, blueprints())
        for node in nodes:
            assert isinstance(node, QemuNode)
            node.counted = True
        machines = {node.name: machine(node, Log()) for node in nodes}
        results.peak = peak_from(*booted(machines[WATCHED], PEAK))
        say(f"the unit's cgroup: {results.peak}")
        say(f"the initrd stage: {ROUNDS} boots with it, without it, and with it switched off")
        sides = [WITHOUT, OFF, ASKED]
        for number in range(ROUNDS):
            # Another one begins each round: what the host does meanwhile meets all alike.
            for side in sides[number % 3 :] + sides[: number % 3]:
                boot = boot_from(*booted(machines[side], STAMPS, ENTRIES, BUSY))
                if (boot.unit_ms is not None) != (side == ASKED):
                    raise RuntimeError(f"{UNIT} ran, or did not, against what `{side}` means")
                results.boots[side].append(boot)
            last = {side: made[-1].busy_ms for side, made in results.boots.items()}
            told = ", ".join(f"{side} {total:,.0f} ms" for side, total in last.items())
            say(f"round {number + 1} of {ROUNDS}, of the processor: {told}")
    return results


def kept(host: str, say: Callable[[str], None]) -> InitrdResults:
    """Measure, and keep every single number."""
    KEPT.mkdir(parents=True, exist_ok=True)
    say("building the agent (release, static)")
    product.agent(quiet=False)
    product.standin(quiet=False)
    results = measure(host, say)
    numbers = json.dumps(dataclasses.asdict(results), indent=2) + "\n"
    (KEPT / "initrd.json").write_text(numbers)
    return results
