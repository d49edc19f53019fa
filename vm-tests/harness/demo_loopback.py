"""The demo without nodes: stand-ins and agents as plain processes on loopback.

For hosts that forbid namespaces. Needs no root and no systemd; the agent
uses health endpoints alone.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from . import leftovers, places, product
from .loopback import RAFT_SERVICES, PlainNode, make_nodes
from .screen import Screen
from .stage import Stage
from .waiting import NotInTime, until

PATIENCE = 120
#: An agent's last lines are read a moment after it ended.
PATIENCE_OF_SCREEN = 5


def wait_for(stage: Stage, node: PlainNode, running: subprocess.Popen[bytes]) -> None:
    """Wait until the agent has done its work and said so; its failure is ours."""
    code = until(
        lambda: None if running.poll() is None else (running.returncode,),
        PATIENCE,
        f"the agent of {node.name} ends",
    )[0]
    stage.told.wait_until_shown(node.name, PATIENCE_OF_SCREEN)
    if code != 0:
        raise NotInTime(f"the agent of {node.name} ended with exit code {code}")


def show_outcome(stage: Stage, node: PlainNode) -> None:
    """What an operator would look at on the node that joined last."""
    stage.screen.title(f"{node.name} # first-boot-agent status")
    ask = stage.agent(node, "status")
    status = subprocess.run(ask, capture_output=True, text=True, timeout=PATIENCE)
    stage.screen.plain(status.stdout + status.stderr)
    trust = ssl.create_default_context(cafile=str(node.folder / "ca.crt"))
    for service in RAFT_SERVICES:
        stage.screen.title(f"members of {service}, asked on {node.name}")
        url = f"https://{node.api(service)}/admin/cluster/members"
        with urllib.request.urlopen(url, context=trust, timeout=10) as answer:
            listed = json.load(answer)
        for member in listed["members"]:
            leads = "leader" if member["id"] == listed.get("leader") else ""
            stage.screen.plain(
                f"{member['id']:10}{member['raft_addr']:24}{member.get('role', ''):10}"
                f"{member['status']:12}{leads}".rstrip()
            )


def tell(screen: Screen) -> None:
    """The whole story."""
    screen.progress("building the agent (release, static) and the stand-in services")
    product.agent(quiet=False)
    standin = product.standin(quiet=False)
    places.CACHE.mkdir(parents=True, exist_ok=True)
    leftovers.sweep_folders()
    with ExitStack() as ending:
        temporary = TemporaryDirectory(prefix=f"demo-{os.getpid()}-", dir=places.CACHE)
        folder = Path(ending.enter_context(temporary))
        nodes = make_nodes(folder)
        stage = Stage(screen, nodes)
        ending.callback(stage.close)
        issue = [str(standin), "pki", "--out", str(folder / "certificates")]
        for node in nodes:
            issue += ["--node", f"{node.name}={node.name},localhost,127.0.0.1,{node.address}"]
        quiet = subprocess.DEVNULL
        subprocess.run(issue, check=True, stdin=quiet, stdout=quiet, timeout=PATIENCE)
        for node in nodes:
            stage.prepare(node, folder / "certificates")
        screen.title("Three nodes bootstrap a cluster")
        screen.restart_clock()
        for node, running in [(node, stage.power_on(node)) for node in nodes[:3]]:
            wait_for(stage, node, running)
        screen.title("A fourth node joins")
        wait_for(stage, nodes[3], stage.power_on(nodes[3]))
        show_outcome(stage, nodes[3])
        screen.title("Done; switching everything off")
