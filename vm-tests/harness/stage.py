"""Runs the processes of plain nodes and ends them all, whichever way the demo ends.

Must not outlive the harness: the kernel kills each process with it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, Any

from . import ending, product
from .follow import PlainNodes
from .loopback import BOOTSTRAPPING, RAFT_SERVICES, PlainNode, cluster_config
from .screen import Screen


class Stage:
    """The processes of all plain nodes."""

    def __init__(self, screen: Screen, nodes: list[PlainNode]) -> None:
        self.screen = screen
        self.nodes = nodes
        self.told = PlainNodes(screen)
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: list[str], output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a process that does not outlive us even if we are killed."""
        if shutil.which("setpriv"):
            # Killed before setpriv asked for the signal, we would send none: look once after it.
            as_our_child = '[ "$PPID" = "$0" ] && exec "$@"'
            ours = ["sh", "-c", as_our_child, str(os.getpid())]
            command = ["setpriv", "--pdeathsig", "KILL", "--", *ours, *command]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._running.append(process)
        return process

    def close(self) -> None:
        """End every process and wait for it."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                ending.kill(process)

    def prepare(self, node: PlainNode, certificates: Path) -> None:
        """The files that an installer leaves on a node."""
        node.folder.mkdir()
        for name in ("ca.crt", f"{node.name}.crt", f"{node.name}.key"):
            shutil.copy2(certificates / name, node.folder / name)
        config = node.folder / "cluster-config.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps(cluster_config(node, self.nodes), indent=2))

    def start_services(self, node: PlainNode) -> None:
        """chainfire, flaredb and IAM of one node."""
        files = {"ca": "ca.crt", "cert": f"{node.name}.crt", "key": f"{node.name}.key"}
        tls = [word for key, name in files.items() for word in (f"--{key}", node.folder / name)]
        standin = product.standin()
        for service in RAFT_SERVICES:
            command = [standin, "raft", "--service", service, "--node-id", node.name]
            command += ["--listen", node.api(service), "--raft-addr", node.raft(service)]
            command += ["--data-dir", node.folder / service, *tls]
            if node.name in BOOTSTRAPPING:
                members = [n for n in self.nodes if n.name in BOOTSTRAPPING]
                listed = ",".join(f"{n.name}={n.raft(service)}" for n in members)
                command += ["--initial-cluster", listed]
            self._start_logged(node, service, command)
        databases = [node, *(other for other in self.nodes if other is not node)]
        urls = [w for n in databases for w in ("--flaredb-url", f"https://{n.api('flaredb')}")]
        self._start_logged(node, "iam", [standin, "iam", "--listen", node.api("iam"), *urls, *tls])

    def _start_logged(self, node: PlainNode, service: str, command: list[Any]) -> None:
        with (node.folder / f"{service}.log").open("wb") as log:
            self.start([str(word) for word in command], log)

    def agent(self, node: PlainNode, *words: str) -> list[str]:
        """The agent's command line for a node."""
        places_of_node = ["--config", node.folder / "cluster-config.json"]
        places_of_node += ["--state-dir", node.folder / "state"]
        return [str(word) for word in (product.agent(), *places_of_node, *words)]

    def power_on(self, node: PlainNode) -> subprocess.Popen[bytes]:
        """Start a node's services and its agent, whose lines are shown as they come."""
        self.screen.event(node.name, "services and agent started")
        self.start_services(node)
        (node.folder / "state").mkdir()
        running = self.start(self.agent(node, "--log-format", "json", "run"), subprocess.PIPE)
        assert running.stdout is not None
        self.told.follow(node.name, str(node.folder), running.stdout)
        return running
