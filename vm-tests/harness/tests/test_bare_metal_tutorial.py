"""The tutorial of bare metal, as far as it goes without a machine: its own commands make the
certificates and ask the cluster, and what lies between is what its nodes would do.

Three nodes on addresses of a network namespace; the services are the stand-ins.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from harness import places, product
from harness.blueprint import API_PORTS, RAFT_PORTS
from harness.waiting import WATCHDOG

pytestmark = pytest.mark.usefixtures("nodes_can_run")

TUTORIAL = places.REPOSITORY / "docs" / "src" / "tutorial" / "bare-metal-cluster.md"
PREPARE = places.REPOSITORY / "nixos-module" / "prepare-extra-files.sh"
NODES = {"node01": "10.0.1.10", "node02": "10.0.1.11", "node03": "10.0.1.12"}
#: Everything in it ends with the namespace of processes, whatever happens.
NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
#: As systemd starts the agent again, and people repeat what an election has spoilt.
AGAIN = 'again() { for _ in 1 2 3 4 5; do if "$@"; then return; fi; done; return 1; }'


def commands(chapter: str) -> str:
    """The shell commands of a chapter, by its title."""
    text = TUTORIAL.read_text().partition(f"## {chapter}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks, chapter
    return "\n".join(blocks)


def config(folder: Path, node: str) -> str:
    """What the example's topology says of a node, with its secrets where they are here."""
    secrets = folder / "extra" / node / "etc" / "nixos" / "secrets"
    names = [f"{name}.prod.example.com" for name in NODES]
    return json.dumps(
        {
            "node_id": node,
            "bootstrap": True,
            "cluster_name": "prod-cluster",
            "raft_addr": f"{NODES[node]}:{RAFT_PORTS['chainfire']}",
            "initial_peers": [f"{name}:{RAFT_PORTS['chainfire']}" for name in names],
            "tls": {
                "ca": str(secrets / "ca.crt"),
                "cert": str(secrets / f"{node}.crt"),
                "key": str(secrets / f"{node}.key"),
            },
        }
    )


def services(node: str) -> str:
    """Starts chainfire, flaredb and IAM of a node, as the platform would."""
    address = NODES[node]
    trust = f"--ca secrets/ca.crt --cert secrets/{node}.crt --key secrets/{node}.key"
    started = ""
    for service in ("chainfire", "flaredb"):
        raft = RAFT_PORTS[service]
        members = ",".join(f"{name}={where}:{raft}" for name, where in NODES.items())
        data = f"data/{service}-{node}"
        started += (
            f"mkdir --parents {data}\n{product.standin()} raft --service {service} {trust}"
            f" --node-id {node} --listen {address}:{API_PORTS[service]}"
            f" --raft-addr {address}:{raft} --data-dir {data} --initial-cluster {members} &\n"
        )
    database = f"https://{address}:{API_PORTS['flaredb']}"
    listen = f"--listen {address}:{API_PORTS['iam']}"
    return started + f"{product.standin()} iam {listen} --flaredb-url {database} {trust} &\n"


def story(folder: Path) -> str:
    """All of it as one script."""
    agent = product.agent()
    lines = ["set -euo pipefail", "ip link set lo up", 'PATH="$PWD/tools:$PATH"']
    lines += [f"ip address add {address}/32 dev lo" for address in NODES.values()]
    lines += ["mount --bind hosts /etc/hosts", commands("2. Certificates")]
    for node in NODES:
        (folder / f"{node}.json").write_text(config(folder, node))
        (folder / f"{node}.json").chmod(0o600)
        lines.append(f"{PREPARE} {node} extra/{node} --config {node}.json")
        lines.append(services(node))
    for node in NODES:
        installed = f"extra/{node}/etc/nixos/secrets/cluster-config.json"
        told = f"--config {installed} --state-dir state/{node} --log-format text"
        lines.append(f"mkdir --parents state/{node}; again {agent} {told} run &\nruns+=($!)")
    lines += ['for run in "${runs[@]}"; do wait "$run"; done']
    (folder / "validate.sh").write_text("set -euo pipefail\n" + commands("7. Validate"))
    lines += ["validate() { bash validate.sh >validated; }", "again validate"]
    return "\n".join([AGAIN, "runs=()", *lines])


def test_from_certificates_to_a_healthy_cluster(tmp_path: Path) -> None:
    hosts = [f"{address} {node}.prod.example.com" for node, address in NODES.items()]
    (tmp_path / "hosts").write_text("\n".join(["127.0.0.1 localhost", *hosts, ""]))
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "first-boot-agent").symlink_to(product.agent())
    script = tmp_path / "story.sh"
    script.write_text(story(tmp_path))
    ran = subprocess.run(
        [*NAMESPACES, "bash", script],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-6000:]
    # Who is first may find the last one still on its way; the page's questions come after all.
    verdicts = [ran.stderr.count(f"Cluster is {word}") for word in ("healthy", "degraded")]
    assert sum(verdicts) >= len(NODES) and verdicts[0] > 0, ran.stderr[-6000:]
    validated = (tmp_path / "validated").read_text()
    assert validated.count('"status":"healthy"') == len(NODES) * 3
    assert validated.rstrip().endswith("hello")
