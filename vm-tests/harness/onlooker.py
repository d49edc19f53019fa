"""Looks at markers and member lists again and again while a node is cut off (promises 1 and 3).

The marker is read before the lists: what it claims must be true by then. Looks
only; what it finds is kept for the caller.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from types import TracebackType

from .lab import Lab
from .members import List, Members, ids, voters
from .node import Node

MARKERS = "/var/lib/first-boot-automation"
#: Between two rounds of looks; a round itself takes longer than that.
PAUSE = 0.02
#: A whole marker: its time, and identity lines up to the last one, with its end of line.
WHOLE = re.compile(
    r"\d{4}-\d\d-\d\dT[^\n]+\nnode_id=(?P<node>[^\n]+)\n(?:[^\n]+\n)*machine_id=[0-9a-f]{32}\n"
)


def markers(lab: Lab, node: Node, service: str) -> dict[str, str]:
    """The markers of a service on a node's disk, whether the node runs or not."""
    found = {}
    for done in ("joined", "initialized"):
        try:
            path = lab.path(node.root / MARKERS.lstrip("/") / f".{service}-{done}")
            found[path.name] = path.read_text(errors="replace")
        except FileNotFoundError:
            continue
    return found


def torn(node: str, found: dict[str, str]) -> list[str]:
    """Markers that are not whole, or another node's."""
    return [
        f"{node}: {name} is torn or not its own: {text!r}"
        for name, text in found.items()
        if not (whole := WHOLE.fullmatch(text)) or whole["node"] != node
    ]


def unfounded(node: str, service: str, found: dict[str, str], lists: dict[str, List]) -> list[str]:
    """Markers ahead of their effect: no list has the node as a voter, the leader's neither."""
    # A follower may hear of a change later than the writer of the marker.
    told_by_leader = any(listed.get("leader") == asked for asked, listed in lists.items())
    if not told_by_leader or any(node in voters(listed) for listed in lists.values()):
        return []
    seen = {asked: voters(listed) for asked, listed in lists.items()}
    return [
        f"{node}: {name} is there, and no list of {service} has the voter: {seen}" for name in found
    ]


def doubled(service: str, lists: dict[str, List]) -> list[str]:
    """Lists that have an id or an address more than once."""
    complaints = []
    for asked, listed in lists.items():
        addresses = [member["raft_addr"] for member in listed["members"]]
        for values in (ids(listed), addresses):
            if len(set(values)) != len(values):
                complaints.append(f"{asked}: the list of {service} has an entry twice: {values}")
    return complaints


class Onlooker:
    """Looks in a thread of its own from entering to leaving the context."""

    def __init__(
        self,
        lab: Lab,
        nodes: list[Node],
        members: Members,
        services: Iterable[str],
        ordered: bool,
    ) -> None:
        #: Without order a marker may outlive its entry: `leave` removes it last.
        self.ordered = ordered
        self.looks = 0
        self.found: list[str] = []
        self._lab, self._nodes, self._members = lab, nodes, members
        self._services = tuple(services)
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="onlooker", daemon=True)

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=60)

    def _go_on(self) -> None:
        while not self._ended.wait(PAUSE):
            try:
                self.look()
            except Exception as error:
                # A check that has died must not pass for one that found nothing.
                self.found.append(f"the onlooker failed: {type(error).__name__}: {error}")
                return

    def look(self) -> None:
        """One look at everything."""
        with self._one_at_a_time:
            for service in self._services:
                on_disk = {node.name: markers(self._lab, node, service) for node in self._nodes}
                lists = self._members.lists(service)
                complaints = doubled(service, lists)
                for node, found in on_disk.items():
                    complaints += torn(node, found)
                    complaints += unfounded(node, service, found, lists) if self.ordered else []
                self.looks += bool(lists)
                self.found += [one for one in complaints if one not in self.found]
