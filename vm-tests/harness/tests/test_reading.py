"""What the harness reads and judges, without a node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import blueprint, counts, everything, follow, places, rootfs, rust_tests
from harness import screen, waiting
from harness.journals import Account, merged, offences
from harness.scenario import Scenario
from harness.screen import HeldLines


def write(folder: Path, node: dict[str, object]) -> Path:
    path = folder / "nodes.json"
    path.write_text(json.dumps({"description": "", "nodes": {"node01": node}}))
    return path


def test_every_scenario_describes_its_nodes() -> None:
    folders = [script.parent for script in places.SCENARIOS.glob("*/test.py")]
    assert len(folders) >= 10
    for folder in folders:
        assert blueprint.read(folder / "nodes.json"), folder


def test_scripts_keep_to_the_drivers_dialect() -> None:
    for script in places.SCENARIOS.glob("*/test.py"):
        lines = [
            line for line in script.read_text().splitlines()
            if line.lstrip().startswith(("import ", "from "))
        ]
        # What machines print is JSON; all else is given by the driver.
        assert set(lines) <= {"import json"}, f"{script}: {lines}; nothing but json is imported"


def test_config_is_data_text_or_absent(tmp_path: Path) -> None:
    def text(value: object) -> str | None:
        entry = {"address": "10.0.1.10", "cluster_config": value}
        return blueprint.read(write(tmp_path, entry))[0].config_text

    assert json.loads(text({"bootstrap": True}) or "") == {"bootstrap": True}
    assert text('{"cut') == '{"cut'
    assert text(None) is None


def test_unknown_keys_of_a_node_are_refused(tmp_path: Path) -> None:
    with pytest.raises(blueprint.BlueprintError, match="adress"):
        blueprint.read(write(tmp_path, {"adress": "10.0.1.10"}))


@pytest.mark.parametrize("services", [["etcd", "iam"], ["etcd", "etcd"], ["consul"]])
def test_services_that_no_node_can_run_together_are_refused(
    tmp_path: Path, services: list[str]
) -> None:
    with pytest.raises(blueprint.BlueprintError, match="services"):
        blueprint.read(write(tmp_path, {"address": "10.0.1.10", "services": services}))


def test_etcd_is_in_the_root_file_system_of_those_that_ask_for_it_alone() -> None:
    names = {rootfs.key(), rootfs.key(rootfs.ETCD)}
    assert len(names) == 2
    for folder in (script.parent for script in places.SCENARIOS.glob("*/test.py")):
        expected = rootfs.ETCD if folder.name.startswith("etcd-") else rootfs.PLAIN
        assert Scenario(folder).variant == expected, folder
    assert not any("etcd" in word for word in rootfs.command(Path("base.tar")))
    with_etcd = rootfs.command(Path("base.tar"), rootfs.ETCD)
    assert any("etcd-server" in word for word in with_etcd if word.startswith("--include="))


def test_only_bootstrapping_members_are_the_initial_cluster() -> None:
    nodes = blueprint.read(places.SCENARIOS / "fourth-node-joins" / "nodes.json")
    expected = "node01=10.0.1.10:2480,node02=10.0.1.11:2480,node03=10.0.1.12:2480"
    assert blueprint.initial_cluster(nodes, "flaredb") == expected


@pytest.mark.parametrize(
    "line",
    [
        "a.service: Found ordering cycle on b.service/start",
        "/usr/lib/systemd/system/chainfire-cluster-join.service:9: Unknown key name 'X' in section",
        "/etc/systemd/system/flaredb.service:3: Failed to parse boolean value, ignoring: maybe",
    ],
)
def test_what_no_scenario_may_contain_is_found(line: str) -> None:
    assert offences(Account("node01", f"2026-01-01T00:00 node01 systemd[1]: {line}", ""))
    assert offences(Account("node01", "", line))


def test_what_others_say_of_our_units_is_no_offence() -> None:
    line = "2026-01-01T00:00 node01 first-boot-agent[9]: flaredb: Failed to parse its answer"
    assert offences(Account("node01", line, "")) == []


def test_complaints_about_foreign_units_are_not_ours() -> None:
    line = "/lib/systemd/system/other.service:9: Unknown key name 'X' in section 'Unit', ignoring."
    assert offences(Account("node01", line, "")) == []


def test_journals_are_merged_into_one_story() -> None:
    first = Account("node01", "2026-01-01T00:01 node01 a\n  more of a\n2026-01-01T00:03 c", "")
    second = Account("node02", "2026-01-01T00:02 node02 b", "")
    assert [line[-1] for line in merged([first, second]).splitlines()] == ["a", "a", "b", "c"]


def test_cargo_results_are_summed_and_ignored_tests_named() -> None:
    lines = [
        "test reading ... ok",
        "test slow ... ignored, needs a clock",
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
        "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
    ]
    result = counts.of_cargo("rust", lines, 101)
    assert str(result) == "4 passed, 2 failed, 1 skipped"
    assert result.skipped == ["slow: needs a clock"]


def test_times_are_those_of_tests_and_of_cargos_binaries(tmp_path: Path) -> None:
    lines = [
        "     Running unittests src/lib.rs (target/debug/deps/first_boot_agent-59555bdb2fa25ecd)",
        "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in"
        " 124.85s\n",
    ]
    assert counts.of_cargo("rust", lines, 0).binaries == [(124.85, "first_boot_agent")]
    report = tmp_path / "report.xml"
    report.write_text('<testsuite><testcase name="test_a[x]" time="1.5" /></testsuite>')
    assert counts.of_pytest("harness", report, 0).tests == [(1.5, "test_a[x]")]
    assert everything.slowest([(1.5, "test_a[x]"), (124.85, "b")])[0].split() == [
        *("2", "min", "05", "s", "b")
    ]


def test_the_summary_says_why_what_failed_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["---- a::b stdout ----", "", "thread 'a::b' panicked at a.rs:1:", "not 2"]
    lines += ["---- c stdout ----", *["noise"] * 9, "thread 'c' panicked at c.rs:1:", "not 3"]
    lines += ["---- src/x.rs - f (line 3) stdout ----", "error[E0425]: cannot find", ""]
    lines += ["failures:", "test result: FAILED. 1 passed; 3 failed; 0 ignored"]
    results = [counts.of_cargo("rust", lines, 101), counts.of_check("clippy", 1)]
    broken = ["   Compiling x v0.1.0", "error[E0308]: mismatched types", "  --> src/lib.rs:1:1"]
    results.append(counts.of_cargo("build", broken, 101))
    report = tmp_path / "report.xml"
    case = '<testcase name="{}"><{} message="test.py:3: start()&#10;{}" /></testcase>'
    cases = case.format("boots", "failure", "no shell&#10;" * 99)
    cases += case.format("b", "error", "no lab")
    report.write_text(f"<testsuite>{cases}</testsuite>")
    results.append(counts.of_pytest("scenarios", report, 1))
    assert not everything.summary(results, 1.0)
    said = capsys.readouterr().out
    shown = "failed: rust: a::b\n    thread 'a::b' panicked at a.rs:1:\n    not 2\n"
    shown += "failed: rust: c\n    thread 'c' panicked at c.rs:1:\n    not 3\n"
    shown += "failed: rust: src/x.rs - f (line 3)\n    error[E0425]: cannot find\n"
    shown += "failed: clippy\nfailed: build: code 101, and no test failed\n"
    shown += "    error[E0308]: mismatched types\n"
    assert shown in said
    assert "failed: scenarios: boots\n    test.py:3: start()\n    no shell\n" in said
    assert said.count("no shell") == counts.REASON - 1
    assert "failed: scenarios: b\n    test.py:3: start()\n    no lab\n" in said


def test_the_test_binaries_are_those_that_cargo_names_the_longest_first() -> None:
    def message(name: str, executable: str | None, test: bool = True) -> str:
        target = {"target": {"name": name}, "profile": {"test": test}}
        return json.dumps({**target, "executable": executable, "manifest_path": "/a/Cargo.toml"})

    messages = [message("b", "/b-1"), message("lib", None), message("bin", "/bin", test=False)]
    messages += [message("etcd_faults", "/e-1"), '{"reason":"build-finished","success":true}']
    found = rust_tests.built(messages)
    assert [(one.name, one.executable) for one in found] == [("etcd_faults", "/e-1"), ("b", "/b-1")]
    assert found[0].folder == Path("/a")


def test_counts_of_several_runs_add_up() -> None:
    passed = ["test one ... ok", "test result: ok. 1 passed; 0 failed; 0 ignored"]
    total = counts.of_cargo("rust", passed, 0)
    total.add(counts.of_cargo("rust", ["test two ... ok"], 134))
    assert str(total) == "1 passed, 1 failed, 0 skipped"
    assert total.outcomes == {"one": "passed", "two": "passed"}


def test_a_build_that_fails_is_a_failure() -> None:
    assert counts.of_cargo("rust", [], 101).failed == 1
    assert counts.of_pytest("none", Path("/nonexistent"), 2).failed == 1


def test_journal_fields_may_be_bytes() -> None:
    assert follow.text_of([104, 105, 255]) == "hi\ufffd"
    assert list(follow.entries([b"no json\n"])) == [{"message": "no json"}]


def test_held_lines_come_out_in_the_order_of_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "HOLD", 2.0)
    written: list[str] = []
    held = HeldLines(written.append)
    for at, text in ((2.0, "second"), (1.0, "first"), (2.0, "third")):
        held.add(at, text)
    waiting.until(lambda: len(written) == 3, 60, "the lines are written by themselves")
    held.add(4.0, "fifth")
    held.add(3.0, "fourth")
    held.drain()
    assert written == ["first", "second", "third", "fourth", "fifth"]


@pytest.fixture
def no_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit is one."""
    monkeypatch.setattr(waiting, "WATCHDOG", 0.0)


def test_waiting_gives_up_at_the_deadline_and_says_for_what(no_watchdog: None) -> None:
    with pytest.raises(waiting.NotInTime, match="the moon"):
        waiting.until(lambda: False, 0, "the moon is blue")
    with (
        subprocess.Popen(["tail", "-f", "/dev/null"]) as running,
        pytest.raises(waiting.NotInTime) as given_up,
    ):
        try:
            waiting.until(lambda: False, 0, "the moon is blue")
        finally:
            running.kill()
    assert "tail -f /dev/null" in given_up.value.running
    assert waiting.until(lambda: "yes", 0, "at once") == "yes"


def test_a_crowded_host_is_given_more_time(
    monkeypatch: pytest.MonkeyPatch, no_watchdog: None
) -> None:
    now = 0.0

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    clock = SimpleNamespace(monotonic=lambda: now, sleep=pass_by)
    monkeypatch.setattr(waiting, "time", clock)
    monkeypatch.setattr(waiting.os, "cpu_count", lambda: 2)
    for load, factor in ((0.1, 1), (2.0, 1), (8.0, 4), (80.0, 5)):
        monkeypatch.setattr(waiting.os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        began = now
        with pytest.raises(waiting.NotInTime, match=f"waited {10 * factor} s in vain: the moon"):
            waiting.until(lambda: False, 10, "the moon is blue")
        assert now - began == pytest.approx(10 * factor, abs=2 * waiting.INTERVAL)


def test_what_is_only_slow_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    clock = SimpleNamespace(monotonic=lambda: now, sleep=pass_by)
    monkeypatch.setattr(waiting, "time", clock)
    monkeypatch.setattr(waiting.os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    assert waiting.until(lambda: now > waiting.WATCHDOG / 2, 10, "the moon is blue")
    with pytest.raises(waiting.NotInTime):
        waiting.until(lambda: False, 10, "the moon is blue")
    assert now >= 1.5 * waiting.WATCHDOG


def test_a_process_that_is_only_slow_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def wait(seconds: float) -> int:
        """Ends at the third look."""
        asked.append(seconds)
        if len(asked) < 3:
            raise subprocess.TimeoutExpired("slow", seconds)
        return 7

    assert waiting.patiently(wait, lambda: 60.0) == 7
    asked.clear()
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.patiently(wait, lambda: 0.0)


def test_a_skip_is_a_failure_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    import conftest

    monkeypatch.setattr(conftest.host, "obstacle", lambda: "no namespaces")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no namespaces"):
        conftest.require_nodes()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no namespaces"):
        conftest.require_nodes()


def test_a_scenario_says_whether_it_runs_on_the_newest_as_well(tmp_path: Path) -> None:
    path = tmp_path / "nodes.json"
    for said, expected in (("", False), ('"on_newest": true, ', True)):
        path.write_text(f'{{{said}"nodes": {{}}}}')
        assert blueprint.on_newest(path) == expected
    path.write_text('{"on_newest": "yes", "nodes": {}}')
    with pytest.raises(blueprint.BlueprintError, match="on_newest"):
        blueprint.read(path)
    described = places.SCENARIOS.glob("*/nodes.json")
    chosen = [one for one in described if blueprint.on_newest(one)]
    assert len(chosen) >= 10
