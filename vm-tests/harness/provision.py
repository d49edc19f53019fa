"""Writes what an installer leaves on the disk of a freshly installed node.

Identity, names, certificates, the cluster config, the services' arguments and
the enabled units. Runs before the first boot only; must not wait for anything.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from . import etcd, places, product, room
from .blueprint import API_PORTS, RAFT_PORTS, NodeBlueprint, initial_cluster
from .lab import Lab
from .node import Node
from .qemu_node import QemuNode

SECRETS = "/etc/nixos/secrets"
CONFIG = f"{SECRETS}/cluster-config.json"
#: Milliseconds, for a cluster with an emulated machine: such a machine takes longer than the usual
#: 100 for a handshake where the host is busy, and its cluster would be without a leader for ever.
UNHURRIED = 1000
CERTIFICATES = places.LAB / "certificates"


def issue_certificates(lab: Lab, nodes: list[NodeBlueprint]) -> None:
    """One authority for the lab, one certificate for each node."""
    arguments: list[str] = []
    for node in nodes:
        names = (node.name, node.fully_qualified, "localhost", "127.0.0.1", node.address)
        arguments += ["--node", f"{node.name}={','.join(names)}"]
    lab.run(str(product.standin()), "pki", "--out", str(CERTIFICATES), *arguments)


def hosts(nodes: list[NodeBlueprint]) -> str:
    """/etc/hosts: there is no DNS on the bridge."""
    lines = ["127.0.0.1 localhost"]
    lines += [f"{node.address} {node.fully_qualified} {node.name}" for node in nodes]
    return "\n".join(lines) + "\n"


def service_arguments(node: NodeBlueprint, service: str, nodes: list[NodeBlueprint]) -> str:
    """The command line of a stand-in service on this node."""
    own = node.name
    words = [
        f"--listen 0.0.0.0:{API_PORTS[service]}",
        f"--ca {SECRETS}/ca.crt --cert {SECRETS}/{own}.crt --key {SECRETS}/{own}.key",
    ]
    if service == "iam":
        databases = [node, *(other for other in nodes if other is not node)]
        words += [
            f"--flaredb-url https://{database.address}:{API_PORTS['flaredb']}"
            for database in databases
            if "flaredb" in database.services
        ]
    else:
        words += [
            f"--node-id {own} --data-dir /var/lib/{service}",
            f"--raft-addr {node.address}:{RAFT_PORTS[service]}",
            f"--advertise https://{node.address}:{API_PORTS[service]}",
        ]
        if any(other.hardware for other in nodes):
            words.append(f"--heartbeat-interval {UNHURRIED}")
        if node.initial_member:
            words.append(f"--initial-cluster {initial_cluster(nodes, service)}")
    if extra := node.arguments.get(service):
        words.append(extra)
    return " ".join(words)


def write_secrets(lab: Lab, node: Node) -> None:
    """Certificates and the cluster config, with the modes the documents ask for."""
    issued = lab.path(CERTIFICATES)
    own = node.name
    for name, mode in (("ca.crt", 0o644), (f"{own}.crt", 0o644), (f"{own}.key", 0o600)):
        node.write(f"{SECRETS}/{name}", (issued / name).read_bytes(), mode)
    if (text := node.blueprint.config_text) is not None:
        node.write(CONFIG, text, 0o600)
    lab.path(node.root / SECRETS.lstrip("/")).chmod(0o700)


def agent_units(blueprint: NodeBlueprint) -> tuple[str, ...]:
    """What such a node enables of the agent; the health check comes last."""
    return etcd.AGENT_UNITS if blueprint.has_etcd else product.AGENT_UNITS


def provision(lab: Lab, node: Node, nodes: list[NodeBlueprint]) -> None:
    """Make the disk of one node ready for its first boot."""
    blueprint = node.blueprint
    node.write("/etc/machine-id", uuid.uuid4().hex + "\n", 0o444)
    node.write("/etc/hostname", node.name + "\n")
    node.write("/etc/hosts", hosts(nodes))
    write_secrets(lab, node)
    if blueprint.has_etcd:
        node.write(etcd.DROP_IN, etcd.drop_in(SECRETS, node.name))
        lab.run("chroot", str(node.root), "sh", "-c", etcd.ON_ITS_DISK)
    stand_ins = () if blueprint.has_etcd else blueprint.services
    for service in stand_ins:
        arguments = service_arguments(blueprint, service, nodes)
        node.write(f"/etc/default/{service}", f"ARGUMENTS={arguments}\n")
    for path, extra in blueprint.files.items():
        node.write(path, extra.text, extra.mode)
    units = [f"{service}.service" for service in blueprint.services]
    if blueprint.agent:
        units += agent_units(blueprint)
    if units:
        lab.run("systemctl", f"--root={node.root}", "--quiet", "enable", *units)


def nodes_of(
    lab: Lab, base: Path, blueprints: list[NodeBlueprint], from_package: bool = False
) -> list[Node]:
    """All nodes of a lab, installed and switched off."""
    lower = product.layer(lab, base, from_package=from_package)
    issue_certificates(lab, blueprints)
    nodes = [
        (Node if blueprint.hardware is None else QemuNode)(lab, blueprint, index, lower)
        for index, blueprint in enumerate(blueprints)
    ]
    for node in nodes:
        provision(lab, node, blueprints)
    # Emulated machines have a kernel of their own.
    containers = sum(blueprint.hardware is None for blueprint in blueprints)
    if containers:
        lab.before_close(room.take(containers).close)
    return nodes
