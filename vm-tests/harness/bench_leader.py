"""The leader as the benchmark asks it: changes, the list, and what it was asked when.

One connection, opened inside the leader's own network namespace and kept, so that
an answer costs a fraction of a millisecond. Must not ask anything while a joiner is
being timed.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

from . import waiting
from .machine import Shell

NAME = "node04"
RAFT_ADDR = "10.0.1.13:2380"
PORT = 2379
PROBES = 200
CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Answer:
    """One answer, with the instants before the question and after the answer."""

    status: int
    headers: HTTPMessage
    body: Any
    asked_ns: int
    answered_ns: int


@dataclass(frozen=True)
class Received:
    """One request as the leader saw it come in, on the host's monotonic clock."""

    method: str
    path: str
    at_ns: int


def _connect_inside(pid: int) -> socket.socket:
    """A connection that belongs to the network namespace of a process."""
    made: list[socket.socket] = []

    def enter_and_connect() -> None:
        """In a thread: a namespace is a thread's own affair, and this one is spent on it."""
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        if ctypes.CDLL(None).setns(namespace, CLONE_NEWNET) == 0:
            made.append(socket.create_connection(("127.0.0.1", PORT), timeout=10))
        os.close(namespace)

    thread = threading.Thread(target=enter_and_connect)
    thread.start()
    # The connection has its own, shorter limit.
    thread.join(timeout=30)
    if not made:
        raise RuntimeError("cannot reach the leader from inside its network namespace")
    return made[0]


class Leader:
    """The node that leads the cluster, and the clock of its stand-in."""

    def __init__(self, machine: Shell, authority: Path) -> None:
        self.name = machine.name
        plain = _connect_inside(machine.connect())
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = ssl.create_default_context(cafile=str(authority))
        self._connection = HTTPConnection("localhost", PORT)
        self._connection.sock = context.wrap_socket(plain, server_hostname="localhost")
        self._ask_to_lead()
        self._started_ns, self.clock_error_ns = self._find_clock()

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """One exchange."""
        text = None if body is None else json.dumps(body)
        asked = time.monotonic_ns()
        self._connection.request(method, path, text, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        data = response.read()
        answered = time.monotonic_ns()
        value = json.loads(data) if data else None
        return Answer(response.status, response.headers, value, asked, answered)

    def _ask_to_lead(self) -> None:
        waiting.until(
            lambda: self.ask("POST", "/test/elect").status == 200
            and self.ask("GET", "/health").status == 200,
            30,
            f"{self.name} leads the cluster",
        )

    def _raw_requests(self) -> list[dict[str, Any]]:
        return self.ask("GET", "/test/requests").body

    def _find_clock(self) -> tuple[int, int]:
        """When the stand-in's own clock began: later than each question minus its stamp
        says, earlier than each answer minus it; many questions leave little between."""
        probes = [self.ask("GET", "/health") for _ in range(PROBES)]
        stamps = [request["at_us"] * 1000 for request in self._raw_requests()][-PROBES:]
        least = max(probe.asked_ns - stamp - 1000 for probe, stamp in zip(probes, stamps))
        most = min(probe.answered_ns - stamp for probe, stamp in zip(probes, stamps))
        return (least + most) // 2, abs(most - least) // 2

    def requests_since(self, since_ns: int) -> list[Received]:
        """What came in after an instant, oldest first."""
        received = [
            Received(one["method"], one["path"], self._started_ns + one["at_us"] * 1000)
            for one in self._raw_requests()
        ]
        return [one for one in received if one.at_ns >= since_ns]

    def role(self) -> str | None:
        """What the member list says of the joining node; None where it is not listed."""
        listed = self.ask("GET", "/admin/cluster/members").body
        if listed["leader"] != self.name:
            raise RuntimeError(f"{self.name} no longer leads; the cluster is led by {listed}")
        roles = {member["id"]: member["role"] for member in listed["members"]}
        return roles.get(NAME)

    def add(self) -> Answer:
        """Add the joining node without any joiner; what a joiner's one request does."""
        return self.ask("POST", "/admin/member/add", {"id": NAME, "raft_addr": RAFT_ADDR})

    def remove(self) -> None:
        """Remove the joining node's entry, where there is one."""
        gone = (200, 404)
        waiting.until(
            lambda: self.ask("DELETE", f"/admin/member/{NAME}").status in gone
            and self.role() is None,
            30,
            f"{NAME} is no member",
        )

    def wait_until_voter(self) -> None:
        """Wait until the joining node is a full member."""
        waiting.until(lambda: self.role() == "voter", 30, f"{NAME} is a voter")
