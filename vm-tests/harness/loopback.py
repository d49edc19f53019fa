"""Plain nodes: addresses and folders on loopback, where namespaces are forbidden.

Every node is an address of 127.0.0.0/8 of its own, so that the ports can be the
real ones. Describes only; must not start anything (see `stage`).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .blueprint import API_PORTS, RAFT_PORTS

BOOTSTRAPPING = ("node01", "node02", "node03")
RAFT_SERVICES = ("chainfire", "flaredb")


@dataclass(frozen=True)
class PlainNode:
    """A node that is nothing but an address and a folder."""

    name: str
    address: str
    folder: Path
    #: Added to every port where the host already uses the usual ones.
    shift: int

    def api(self, service: str) -> str:
        """HOST:PORT of a service's API."""
        return f"{self.address}:{API_PORTS[service] + self.shift}"

    def raft(self, service: str) -> str:
        """HOST:PORT of a service's Raft listener."""
        return f"{self.address}:{RAFT_PORTS[service] + self.shift}"


def free_shift(addresses: list[str]) -> int:
    """The smallest shift with which all ports are free on all addresses."""
    ports = [*API_PORTS.values(), *RAFT_PORTS.values()]
    for shift in range(0, 50_000, 10_000):
        try:
            for address in addresses:
                for port in ports:
                    with socket.socket() as probe:
                        probe.bind((address, port + shift))
            return shift
        except OSError:
            continue
    raise RuntimeError("the demo finds no free ports on loopback; what listens on all of them?")


def make_nodes(folder: Path) -> list[PlainNode]:
    """Four addresses that no other run of the demo has, and a folder for each."""
    network = f"127.{64 + (os.getpid() >> 8) % 128}.{os.getpid() & 255}"
    names = [*BOOTSTRAPPING, "node04"]
    addresses = [f"{network}.{number}" for number in range(10, 10 + len(names))]
    shift = free_shift(addresses)
    return [
        PlainNode(name, address, folder / name, shift) for name, address in zip(names, addresses)
    ]


def cluster_config(node: PlainNode, nodes: list[PlainNode]) -> dict[str, Any]:
    """cluster-config.json as specified, except for what loopback makes different."""
    first = [peer for peer in nodes if peer.name in BOOTSTRAPPING]
    services: dict[str, Any] = {"iam": {"url": f"https://{node.api('iam')}"}}
    for service in RAFT_SERVICES:
        services[service] = {
            "url": f"https://{node.api(service)}",
            "api_port": API_PORTS[service] + node.shift,
            "raft_port": RAFT_PORTS[service] + node.shift,
        }
    return {
        "node_id": node.name,
        "node_role": "control-plane",
        "bootstrap": node.name in BOOTSTRAPPING,
        "cluster_name": "demo",
        "leader_url": f"https://{first[0].api('chainfire')}",
        "raft_addr": node.raft("chainfire"),
        "initial_peers": [peer.raft("chainfire") for peer in first],
        "flaredb_peers": [peer.raft("flaredb") for peer in first],
        "services": services,
        "tls": {
            "ca": str(node.folder / "ca.crt"),
            "cert": str(node.folder / f"{node.name}.crt"),
            "key": str(node.folder / f"{node.name}.key"),
        },
    }
