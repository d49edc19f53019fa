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


#: The same of a machine that joins etcd: added and not started, about to be started, started and
#: a learner, and promoted without knowing it.
ETCD_CASES = (
    "join-etcd:after POST /v3/cluster/member/add:power",
    "join-etcd:environment written:power",
    "join-etcd:service started:power",
    "join-etcd:after POST /v3/cluster/member/promote:power",
)


@pytest.mark.usefixtures("nodes_can_run")
def test_s1_s2_m1_m3_whatever_is_cut_off_is_taken_up_again() -> None:
    hold(CASES)


@pytest.mark.usefixtures("nodes_can_run")
def test_s1_m1_m3_e1_e11_a_machine_that_is_cut_off_while_it_joins_etcd_is_one_member() -> None:
    hold(ETCD_CASES, of_etcd=True)


def hold(cases: tuple[str, ...], of_etcd: bool = False) -> None:
    """Each of them was cut, and nothing was violated."""
    outcomes: list[Outcome] = []
    complaints = power_cuts.session(map(case_from, cases), outcomes.append, of_etcd)
    assert complaints == []
    wrong = [f"{one.case}: {violation}" for one in outcomes for violation in one.violations]
    assert wrong == []
    assert [str(one.case) for one in outcomes if one.point] == list(cases), "a cut was missed"


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
    deck = power_cuts.spread({"join": range(1, 11), "leave": range(1, 6)}, 30)
    assert len(set(map(str, deck))) == 30, "none twice before all are had"
    begun = deck[:6]
    for story, count in (("join", 4), ("leave", 2)):
        had = [case for case in begun if case.story == story]
        assert len(had) == count and {case.cut.power for case in had} == {False, True}


def test_a_case_is_read_as_it_is_printed() -> None:
    for text in ("join-etcd:7:power", "join-etcd:1.3s:power", "leave:marker removed:kill"):
        assert str(case_from(text)) == text
    assert case_from("join-etcd:1.3s:power").cut.after == 1.3
    assert case_from("join-etcd:13:power").cut.after is None
    for wrong in ("join-etcd:1.3s:kill", "join-etcd:7:reset", "join-etcd"):
        with pytest.raises(ValueError):
            case_from(wrong)
