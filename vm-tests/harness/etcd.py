"""Debian's etcd on a node: what its own unit gets beyond what the package sets.

The package brings unit, account and folder. Knows no scenario, and nothing of the stand-ins.
"""

from __future__ import annotations

from .blueprint import NodeBlueprint

#: Where the agent writes who the member is, and of whom its cluster is made.
ENVIRONMENT = "/var/lib/first-boot-automation/etcd.env"
DROP_IN = "/etc/systemd/system/etcd.service.d/first-boot-agent.conf"
#: As on a disk of its own: what comes from the lower layer of an overlay cannot be renamed, and
#: `reset` does just that.
ON_ITS_DISK = "rmdir /var/lib/etcd && install -d -o etcd -g etcd -m 0700 /var/lib/etcd"
#: Where it listens, on the node's address alone.
API_PORT = 2379
#: What such a node enables of the agent.
AGENT_UNITS = ("cluster-join@etcd.service", "cluster-health-check.service")


def drop_in(secrets: str, name: str) -> str:
    """As the how-to has it: not before there is something to read, nor before the network is up;
    started again when it fails; and the node's own certificate, in every role.

    systemd hands the files over (%d, since 250): etcd's account cannot read the node's key.
    """
    return f"""\
[Unit]
Wants=network-online.target
After=network-online.target
RequiresMountsFor=/var/lib/etcd
ConditionPathExists={ENVIRONMENT}

[Service]
EnvironmentFile={ENVIRONMENT}
Restart=on-failure
RestartSec=5
LoadCredential=ca.crt:{secrets}/ca.crt
LoadCredential=node.crt:{secrets}/{name}.crt
LoadCredential=node.key:{secrets}/{name}.key
Environment=ETCD_CERT_FILE=%d/node.crt ETCD_KEY_FILE=%d/node.key
Environment=ETCD_TRUSTED_CA_FILE=%d/ca.crt ETCD_CLIENT_CERT_AUTH=true
Environment=ETCD_PEER_CERT_FILE=%d/node.crt ETCD_PEER_KEY_FILE=%d/node.key
Environment=ETCD_PEER_TRUSTED_CA_FILE=%d/ca.crt ETCD_PEER_CLIENT_CERT_AUTH=true
"""


def etcdctl(secrets: str, node: NodeBlueprint, words: str) -> str:
    """A command for that node's own etcd, as an operator would type it there."""
    own = f"{secrets}/{node.name}"
    keys = f"--cacert={secrets}/ca.crt --cert={own}.crt --key={own}.key"
    at = f"--endpoints=https://{node.fully_qualified}:{API_PORT}"
    return f"ETCDCTL_API=3 etcdctl {keys} {at} {words}"
