"""The members of a lab's etcd cluster as somebody outside its nodes sees them.

Asks the gateway, with the certificate of a node. Every voter answers from what it has. A list
has the form of `members`, and etcd's own id of each entry beside it.
"""

from __future__ import annotations

import json
from typing import Any

from . import etcd, provision, waiting
from .blueprint import ETCD
from .lab import Lab
from .members import List, Members
from .node import Node

STATUS = "/v3/maintenance/status"
LIST, ADD, PROMOTE, REMOVE = (
    f"/v3/cluster/member/{what}" for what in ("list", "add", "promote", "remove")
)


class EtcdMembers(Members):
    """Connections to some nodes' etcd, kept; for one thread at a time."""

    ports = {ETCD: etcd.API_PORT}

    def __init__(self, lab: Lab, nodes: list[Node], seen: set[tuple[str, str]]) -> None:
        super().__init__(lab, nodes)
        issued = lab.path(provision.CERTIFICATES)
        name = nodes[0].name
        self.context.load_cert_chain(issued / f"{name}.crt", issued / f"{name}.key")
        #: Address and id of every entry that any list has had.
        self._seen = seen

    def call(self, name: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """One call of the gateway."""
        return self.ask(name, ETCD, path, "POST", json.dumps(body))

    def list_of(self, name: str, service: str) -> tuple[int, List | None]:
        """The member list that a node gives, and who leads, as that node knows it."""
        status, listed = self.call(name, LIST, {})
        if status != 200:
            return status, None
        status, about = self.call(name, STATUS, {})
        if status != 200:
            return status, None
        members = [entry(one) for one in listed["members"]]
        self._seen.update((one["raft_addr"], one["key"]) for one in members)
        leaders = [one["id"] for one in members if one["key"] == about.get("leader")]
        return status, {"members": members, "leader": leaders[0] if leaders else None}

    def remove(self, service: str, name: str) -> None:
        """Remove what has this name, and what has not started: nobody else joins here."""

        def gone() -> bool:
            """One try: ask one for all such entries, then look at every list."""
            asked = next(iter(self._nodes))
            for listed in list(self.lists(service).values())[:1]:
                for member in listed["members"]:
                    if member["id"] in (name, ""):
                        self.call(asked, REMOVE, {"ID": member["key"]})
            lists = self.lists(service).values()
            named = [member["id"] for listed in lists for member in listed["members"]]
            return bool(lists) and not {name, ""} & set(named)

        waiting.until(gone, 30, f"{name} is no member of {service}")


def entry(member: dict[str, Any]) -> dict[str, str]:
    """A member in the words of `members`; one that has not started has no name."""
    return {
        "id": member.get("name", ""),
        "raft_addr": ",".join(url.removeprefix("https://") for url in member["peerURLs"]),
        "role": "learner" if member.get("isLearner") else "voter",
        "key": member["ID"],
    }
