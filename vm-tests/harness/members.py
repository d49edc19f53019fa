"""The members of a lab's cluster as somebody outside its nodes sees them.

Asks over the lab's bridge, so that it goes on while a node is switched off. A node
that gives no answer is left out. Must not change anything but what is asked of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException
from typing import Any

from . import provision, waiting
from .blueprint import API_PORTS
from .lab import BRIDGE, Lab
from .node import Node

#: Its own address on the bridge, one that no node has.
OUTSIDE = "10.0.1.250/24"
CLONE_NEWNET = 0x40000000
#: Everybody is one bridge away; who is switched off costs this long.
PATIENCE = 1.0
ADD = ("POST", "/admin/member/add")
List = dict[str, Any]


def plug_in(lab: Lab) -> None:
    """Give the lab itself an address on its bridge."""
    lab.run("ip", "address", "add", OUTSIDE, "dev", BRIDGE)


def _connect_inside(pid: int, address: str, port: int) -> socket.socket:
    """A connection that belongs to the network namespace of a process."""
    made: list[socket.socket] = []

    refused = "its thread did not end"

    def enter_and_connect() -> None:
        """In a thread: a namespace is a thread's own affair, and this one is spent on it."""
        nonlocal refused
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None).setns(namespace, CLONE_NEWNET) == 0:
                made.append(socket.create_connection((address, port), timeout=PATIENCE))
            else:
                refused = "no such namespace"
        except OSError as error:
            refused = f"{type(error).__name__}: {error}"
        finally:
            os.close(namespace)

    thread = threading.Thread(target=enter_and_connect)
    thread.start()
    thread.join(timeout=10 * PATIENCE)
    if not made:
        raise ConnectionError(f"{address}:{port} takes no connection: {refused}")
    return made[0]


class Members:
    """Connections to some nodes, kept; for one thread at a time."""

    #: Where a service is asked.
    ports = API_PORTS

    def __init__(self, lab: Lab, nodes: list[Node]) -> None:
        self._lab = lab
        self._nodes = {node.name: node for node in nodes}
        authority = lab.path(provision.CERTIFICATES / "ca.crt")
        self.context = ssl.create_default_context(cafile=str(authority))
        self._open: dict[tuple[str, int], HTTPConnection] = {}
        #: Why a node gave no answer, the last time that it gave none.
        self.refusals: dict[str, str] = {}

    def _connection(self, name: str, port: int) -> HTTPConnection:
        if (known := self._open.get((name, port))) is not None:
            return known
        plain = _connect_inside(self._lab.pid, self._nodes[name].blueprint.address, port)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = HTTPConnection(name, port)
        connection.sock = self.context.wrap_socket(plain, server_hostname=name)
        self._open[name, port] = connection
        return connection

    def ask(
        self, name: str, service: str, path: str, method: str = "GET", body: str | None = None
    ) -> tuple[int, Any]:
        """One exchange with a node's service; (0, None) where there is no answer."""
        if name not in self._nodes:
            return 0, None
        port = self.ports[service]
        # A kept connection may have died with a server that is back by now.
        for _ in range(2 if (name, port) in self._open else 1):
            try:
                connection = self._connection(name, port)
                connection.request(method, path, body)
                response = connection.getresponse()
                data = response.read()
                return response.status, json.loads(data) if data else None
            except (OSError, HTTPException, ValueError) as error:
                self.refusals[name] = f"{type(error).__name__}: {error}"
                if (broken := self._open.pop((name, port), None)) is not None:
                    broken.close()
                # A node has another hardware address after each boot, and the lab would go on
                # sending to the old one for 47 s.
                self._lab.run("ip", "neighbour", "flush", "dev", BRIDGE)
        return 0, None

    def list_of(self, name: str, service: str) -> tuple[int, List | None]:
        """The member list that a node gives."""
        return self.ask(name, service, "/admin/cluster/members")

    def lists(self, service: str) -> dict[str, List]:
        """The member list of each node that gives one."""
        asked = {name: self.list_of(name, service) for name in self._nodes}
        return {name: body for name, (status, body) in asked.items() if status == 200 and body}

    def wait_for_voters(self, service: str, expected: list[str]) -> None:
        """Wait until every node lists exactly these, each once, all as voters."""
        seen: dict[str, str] = {}

        def agreed() -> bool:
            """One look at each list; remembers what was not as it should be."""
            seen.clear()
            for name in self._nodes:
                status, listed = self.list_of(name, service)
                if status != 200 or listed is None:
                    seen[name] = f"status {status}, {listed or self.refusals.get(name)}"
                elif not sorted(ids(listed)) == sorted(voters(listed)) == expected:
                    seen[name] = f"members {ids(listed)}, voters {voters(listed)}"
            return not seen

        try:
            waiting.until(agreed, 30, f"{service} has exactly the voters {expected}, everywhere")
        except waiting.NotInTime as error:
            raise waiting.NotInTime(f"{error}; last seen: {seen}") from None

    def leader(self, service: str) -> str | None:
        """Who leads, where all that answer say the same."""
        named = {listed.get("leader") for listed in self.lists(service).values()}
        return named.pop() if len(named) == 1 else None

    def asked(self, name: str, service: str, method: str, path: str) -> int | None:
        """How often a node was asked this since its service started; None without an answer."""
        status, body = self.ask(name, service, "/test/requests")
        if status != 200:
            return None
        return sum((one["method"], one["path"]) == (method, path) for one in body)

    def remove(self, service: str, name: str) -> None:
        """Remove a member's entry, where there is one."""

        def gone() -> bool:
            """One try: ask the leader, then look at every list."""
            if (leader := self.leader(service)) not in self._nodes:
                # Also one that cannot be asked here, as it may be the one to go.
                self.ask(next(iter(self._nodes)), service, "/test/elect", "POST")
                return False
            self.ask(leader, service, f"/admin/member/{name}", "DELETE")
            lists = self.lists(service).values()
            return all(name not in ids(listed) for listed in lists)

        waiting.until(gone, 30, f"{name} is no member of {service}")


def ids(listed: List) -> list[str]:
    """Who is in a list, as often as it is there."""
    return [member["id"] for member in listed["members"]]


def voters(listed: List) -> list[str]:
    """The full members of a list."""
    return [member["id"] for member in listed["members"] if member.get("role") == "voter"]
