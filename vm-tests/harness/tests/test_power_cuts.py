"""Kills and power cuts in the middle of what the agent does: a handful, more by hand."""

from __future__ import annotations

import pytest

from harness import onlooker, power_cuts
from harness.power_cuts import Outcome, case_from

MARKER = "2026-11-20T18:00:00Z\nnode_id=node04\nmachine_id=" + "0" * 32 + "\n"


def listed(*members: tuple[str, str, str], leader: str = "node01") -> dict[str, object]:
    """A member list."""
    keys = ("id", "raft_addr", "role")
    return {"leader": leader, "members": [dict(zip(keys, member)) for member in members]}


NODE01, NODE04 = ("node01", "10.0.1.10:2380", "voter"), ("node04", "10.0.1.13:2380", "voter")
LEARNER = ("node04", "10.0.1.13:2380", "learner")


#: Between the add and its answer, before the marker and in the midst of it, the other service,
#: the one password, and the way out.
CASES = (
    "join-chainfire:after POST /admin/member/add:kill",
    "join-chainfire:temporary file synced:power",
    "join-flaredb:file renamed:power",
    "bootstrap-iam:after POST /admin/setup:power",
    "leave:marker removed:kill",
    "reset-chainfire:data moved aside:power",
)


@pytest.mark.usefixtures("nodes_can_run")
def test_s1_s2_m1_m3_whatever_is_cut_off_is_taken_up_again() -> None:
    outcomes: list[Outcome] = []
    complaints = power_cuts.session([case_from(text) for text in CASES], outcomes.append)
    assert complaints == []
    wrong = [f"{one.case}: {violation}" for one in outcomes for violation in one.violations]
    assert wrong == []
    assert [str(one.case) for one in outcomes if one.point] == list(CASES), "a cut was missed"


def test_s1_a_marker_ahead_of_its_effect_is_seen() -> None:
    found = {".chainfire-joined": MARKER}

    def complaints(*members: tuple[str, str, str], leader: str = "node01") -> list[str]:
        lists = {"node01": listed(*members, leader=leader)}
        return onlooker.unfounded("node04", "chainfire", found, lists)

    assert complaints(NODE01, NODE04) == []
    assert len(complaints(NODE01)) == len(complaints(NODE01, LEARNER)) == 1
    assert complaints(NODE01, leader="node02") == [], "a follower may not have heard of it yet"
    assert onlooker.unfounded("node04", "chainfire", {}, {"node01": listed(NODE01)}) == []


@pytest.mark.parametrize("text", ["", MARKER[:-1], MARKER[:30], MARKER.replace("node04", "node03")])
def test_s2_a_torn_marker_is_seen(text: str) -> None:
    assert onlooker.torn("node04", {".chainfire-joined": MARKER}) == []
    assert len(onlooker.torn("node04", {".chainfire-joined": text})) == 1


def test_m3_an_entry_that_is_there_twice_is_seen() -> None:
    ghost = ("ghost", NODE04[1], "learner")
    for members, count in (((NODE01, NODE04), 0), ((NODE04, NODE04), 2), ((NODE04, ghost), 1)):
        assert len(onlooker.doubled("chainfire", {"node01": listed(*members)})) == count


def test_cases_are_spread_over_all_stories_and_both_ways() -> None:
    deck = power_cuts.spread({"join": 10, "leave": 5}, 30)
    assert len(set(map(str, deck))) == 30, "none twice before all are had"
    begun = deck[:6]
    for story, count in (("join", 4), ("leave", 2)):
        had = [case for case in begun if case.story == story]
        assert len(had) == count and {case.cut.power for case in had} == {False, True}
