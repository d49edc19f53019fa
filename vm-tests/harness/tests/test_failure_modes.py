"""Every row of the failure modes is held by tests, and the page says which."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness import blueprint, counts, failure_modes, failure_rows
from harness.failure_rows import Holder
from harness.failure_verdict import verdict


def test_the_page_is_what_table_and_tests_say() -> None:
    assert failure_modes.PAGE.read_text() == failure_modes.page(), "run `make generate`"


def test_every_row_has_a_test() -> None:
    held = {row for one in failure_rows.holders() for row in one.rows}
    assert [row for row in failure_rows.numbers() if row not in held] == []


def test_a_test_carries_rows_that_there_are_and_a_name_of_its_own() -> None:
    rows = failure_rows.numbers()
    assert max(Counter(rows).values()) == 1
    holders = failure_rows.holders()
    assert [one for one in holders if not set(one.rows) <= set(rows)] == []
    # A run reports what became of a test by its name alone.
    assert [name for name, times in Counter(one.name for one in holders).items() if times > 1] == []


def test_rows_are_read_from_names() -> None:
    assert failure_rows.rows_in("m2_m13_a_wiped_node") == ("M2", "M13")
    assert failure_rows.rows_in("test_d1_a_cycle") == ("D1",)
    assert failure_rows.rows_in("f03_x2_a_body") == ("F03", "X2")
    assert failure_rows.rows_in("a_name_with_m1_in_it") == ()
    assert failure_rows.rows_in("n_is_no_row") == ()


RUST = """
#[test]
fn m1_plain() {}
/// Says why.
#[tokio::test(start_paused = true)]
// A reason.
#[should_panic(expected = "x")]
async fn m2_awaited() {}
proptest! {
    #[test]
    fn m3_property(value in 1usize..50) {}
}
#[test]
#[ignore = "takes an hour"]
fn m4_by_hand() {}
fn m5_no_test() {}
#[cfg(test)]
pub(crate) fn m6_no_test_either() {}
"""


def test_rust_tests_are_found_in_every_form() -> None:
    assert failure_rows.rust_tests(RUST) == ["m1_plain", "m2_awaited", "m3_property"]


def test_the_binary_of_a_rust_test_is_found(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    for name in ("one.rs", "parts/main.rs", "shared/deeper.rs", "two.rs"):
        (tests / name).parent.mkdir(parents=True, exist_ok=True)
        (tests / name).write_text("mod shared;\n" if name == "two.rs" else "")
    targets = {
        "src/run/tests.rs": "--lib",
        "src/main.rs": "--bins",
        "tests/one.rs": "--test one",
        "tests/parts/main.rs": "--test parts",
        "tests/shared/deeper.rs": "--test two",
    }
    found = {path: failure_rows.target_of(tmp_path, Path(path)) for path in targets}
    assert found == targets


def test_a_scenarios_rows_are_checked(tmp_path: Path) -> None:
    described = tmp_path / "nodes.json"
    described.write_text(json.dumps({"rows": ["D7", "M12", "E10", "F03"], "nodes": {}}))
    assert blueprint.rows(described) == ("D7", "M12", "E10", "F03")
    for wrong in ("D7", ["d7"], [7], {"D7": 1}, ["F3"]):
        described.write_text(json.dumps({"rows": wrong, "nodes": {}}))
        with pytest.raises(blueprint.BlueprintError, match="expected a list"):
            blueprint.read(described)


def test_a_row_holds_only_where_all_its_tests_ran_and_passed() -> None:
    holders = [Holder("good", "", ("M1", "M2"), ""), Holder("other", "", ("M2", "M3"), "")]

    def told(**outcomes: str) -> tuple[str, list[str]]:
        judged, lines = verdict(["M1", "M2", "M3", "M4"], holders, outcomes)
        return str(judged), lines

    nobody = "M4 does not hold: no test carries it"
    assert told(good="passed", other="passed") == ("3 passed, 1 failed, 0 skipped", [nobody])
    for outcome, reason in (("failed", "failed"), (None, "not run")):
        outcomes = {"other": outcome} if outcome else {}
        count, lines = told(good="passed", **outcomes)
        assert count == "1 passed, 3 failed, 0 skipped"
        assert lines[0] == f"M2 does not hold: other: {reason}"
    assert told(good="skipped", other="passed")[0] == "1 passed, 1 failed, 2 skipped"


def test_what_came_of_each_test_is_read_from_the_runners(tmp_path: Path) -> None:
    lines = [
        "test run::tests::m1_a ... ok",
        "test m2_b ... FAILED",
        "test m3_c - should panic ... ok",
        "test m4_d ... ignored, takes an hour",
        "test m5_e has been running for over 60 seconds",
    ]
    expected = {"m1_a": "passed", "m2_b": "failed", "m3_c": "passed", "m4_d": "skipped"}
    assert counts.of_cargo("rust", lines, 101).outcomes == expected
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuite><testcase name='test_d1[a]'><failure/></testcase><testcase name='test_d1[b]'/>"
        "<testcase name='reboot'/><testcase name='alone'><skipped message='m'/></testcase>"
        "</testsuite>"
    )
    expected = {"test_d1": "failed", "reboot": "passed", "alone": "skipped"}
    assert counts.of_pytest("harness", report, 1).outcomes == expected
