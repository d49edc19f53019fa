"""`make bench ONLY=topology`: what a topology of thousands of nodes costs, without Nix and in it.

CPU time of whole commands, as the kernel counts it. Must not judge: that the work
grows with the size is held by tests that count it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import nix_checks, product
from .nix import nix, quoted

SIZES = (2_000, 4_000, 20_000)
#: A command takes a few seconds.
LIMIT = 600.0


def topology(count: int) -> dict[str, Any]:
    """A sound topology of so many nodes, of which three bootstrap."""

    def node(number: int) -> dict[str, Any]:
        """One of them, with what no other has."""
        low = f"{number:06x}"
        return {
            "role": "worker",
            "ip": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            "mac": f"52:54:00:{low[:2]}:{low[2:4]}:{low[4:]}",
            "disk": f"/dev/disk/by-id/nvme-eui.{number + 2**52:016x}",
        }

    # No first and no last address of a network of 256.
    numbers = [number for number in range(2 * count) if 0 < number % 256 < 255][:count]
    nodes = {f"node{number:05}": node(number) for number in numbers}
    for name in sorted(nodes)[:3]:
        nodes[name] |= {"role": "control-plane", "bootstrap": True}
    network = {"cluster": "10.0.0.0/8"}
    return {"clusters": {"lab": {"domain": "example.com", "network": network, "nodes": nodes}}}


def seconds(call: Callable[[], object]) -> float:
    """CPU seconds of the processes that a call starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ran(*command: str) -> None:
    """Run a command to its end; an error where it fails."""
    nothing = subprocess.DEVNULL
    done = subprocess.run(
        command, stdin=nothing, stdout=nothing, stderr=subprocess.PIPE, timeout=LIMIT
    )
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed\n{done.stderr.decode()}")


def own_configuration(file: Path) -> str:
    """What a host evaluates: the problems of all, and its own configuration."""
    library = quoted(nix_checks.MODULE / "lib" / "topology")
    value = f"builtins.fromJSON (builtins.readFile {quoted(file)})"
    return f"((import {library}).nodesOf ({value})).node00001.configText"


def table() -> str:
    """Measure, and say what came out."""
    binary = str(product.topology(quiet=False))
    lines = ["CPU seconds for a topology of", "   nodes   check  render  one host in Nix"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "topology.json"
        for count in SIZES:
            file.write_text(json.dumps(topology(count)))
            check, render = (
                seconds(lambda word=word: ran(binary, word, str(file)))
                for word in ("check", "render")
            )
            in_nix = seconds(lambda: nix().show(own_configuration(file)))
            lines.append(f"{count:>8,} {check:>7.2f} {render:>7.2f} {in_nix:>16.2f}")
    return "\n".join(lines) + "\n"
