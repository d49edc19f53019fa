"""What a scenario's `nodes.json` says, as typed values.

The file is plain data that a Nix expression reads as well. Reads and checks
only; must not touch the host.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .hardware import Hardware, hardware_from
from .strict import BlueprintError, ExtraFile, files

#: The stand-ins.
SERVICES = ("chainfire", "flaredb", "iam")
#: Debian's, beside which no stand-in finds its ports free.
ETCD = "etcd"
DOMAIN = "prod.example.com"
RAFT_PORTS = {"chainfire": 2380, "flaredb": 2480}
#: A row of `failure-modes.json`.
ROW = re.compile(r"[MNSDXE][1-9]\d*|F\d{2}")
API_PORTS = {"chainfire": 2379, "flaredb": 2479, "iam": 8080}


@dataclass(frozen=True)
class NodeBlueprint:
    """One node: its address, what runs on it, and what its config file says."""

    name: str
    address: str
    services: tuple[str, ...]
    agent: bool
    #: What is written to cluster-config.json: a string as it stands, None no file.
    cluster_config: dict[str, Any] | str | None
    #: Whether its chainfire and flaredb start with `--initial-cluster`.
    initial_member: bool
    arguments: dict[str, str] = field(default_factory=dict)
    files: dict[str, ExtraFile] = field(default_factory=dict)
    hardware: Hardware | None = None

    @property
    def has_etcd(self) -> bool:
        """Whether it runs etcd, and none of the stand-ins."""
        return self.services == (ETCD,)

    @property
    def fully_qualified(self) -> str:
        """The name that certificates and `leader_url` use."""
        return f"{self.name}.{DOMAIN}"

    @property
    def config_text(self) -> str | None:
        """The text of cluster-config.json, or None for no file."""
        if isinstance(self.cluster_config, dict):
            return json.dumps(self.cluster_config, indent=2) + "\n"
        return self.cluster_config


KEYS = {"address", "services", "agent", "cluster_config", "initial_member", "arguments", "files"}
KEYS |= {"hardware"}


def node_from(name: str, data: dict[str, Any]) -> NodeBlueprint:
    """One entry of `nodes`, refused where it says something unknown."""
    unknown = set(data) - KEYS
    if unknown:
        raise BlueprintError(f"{name}: unknown keys {sorted(unknown)}; known are {sorted(KEYS)}")
    services = tuple(data.get("services", ()))
    if not set(services) <= set(SERVICES) and services != (ETCD,):
        allowed = f'among {SERVICES}, and not ("{ETCD}",)'
        raise BlueprintError(f"{name}: services {services} are not {allowed}")
    config = data.get("cluster_config")
    told_to_bootstrap = isinstance(config, dict) and config.get("bootstrap") is True
    return NodeBlueprint(
        name=name,
        address=data["address"],
        services=services,
        agent=data.get("agent", False),
        cluster_config=config,
        initial_member=data.get("initial_member", told_to_bootstrap),
        arguments=data.get("arguments", {}),
        files=files(data.get("files", {}), f"{name}: files"),
        hardware=hardware_from(name, data["hardware"]) if "hardware" in data else None,
    )


def rows(path: Path) -> tuple[str, ...]:
    """The rows of the failure modes that a scenario says it holds."""
    told = json.loads(path.read_text()).get("rows", [])
    if not isinstance(told, list) or not all(ROW.fullmatch(str(row)) for row in told):
        raise BlueprintError(f"{path}: rows is {told!r}; expected a list such as [\"M1\", \"D7\"]")
    return tuple(told)


def on_newest(path: Path) -> bool:
    """Whether a scenario touches what newer systemd does otherwise, and so runs there as well."""
    said = json.loads(path.read_text()).get("on_newest", False)
    if not isinstance(said, bool):
        raise BlueprintError(f"{path}: on_newest is {said!r}; expected true or false")
    return said


def from_package(path: Path) -> bool:
    """Whether its nodes have no agent but the Debian packages, which its script installs."""
    said = json.loads(path.read_text()).get("from_package", False)
    if not isinstance(said, bool):
        raise BlueprintError(f"{path}: from_package is {said!r}; expected true or false")
    return said


def harness_only(path: Path) -> str | None:
    """Why NixOS cannot play a scenario, where it says so."""
    reason = json.loads(path.read_text()).get("harness_only")
    if reason is not None and not (isinstance(reason, str) and reason.strip()):
        raise BlueprintError(f"{path}: harness_only is {reason!r}; expected the reason, as text")
    return reason


def read(path: Path) -> list[NodeBlueprint]:
    """All nodes of a `nodes.json`, in its order."""
    try:
        rows(path)
        on_newest(path)
        from_package(path)
        harness_only(path)
        nodes = json.loads(path.read_text())["nodes"]
        return [node_from(name, data) for name, data in nodes.items()]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise BlueprintError(f"{path}: {type(error).__name__}: {error}") from error


def initial_cluster(nodes: list[NodeBlueprint], service: str) -> str:
    """`--initial-cluster` as every bootstrapping member gets it."""
    port = RAFT_PORTS[service]
    members = [node for node in nodes if node.initial_member and service in node.services]
    return ",".join(f"{node.name}={node.address}:{port}" for node in members)
