"""What is read from libFuzzer's log, and what becomes of its finds, without a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import fuzz, fuzz_log

CALM = """\
#2\tINITED cov: 12 ft: 13 corp: 2/9b exec/s: 0 rss: 30Mb
#99\tREDUCE cov: 581 ft: 1386 corp: 142/10139b lim: 4096 exec/s: 6511 rss: 31Mb
Done 3272929 runs in 481 second(s)
"""
BROKEN = """\
thread '<unnamed>' (7) panicked at agent/fuzz/src/members.rs:80:5:
'https://10.0.1.13:2379/admin/'
stack backtrace:
   0: __rustc::rust_begin_unwind
==7== ERROR: libFuzzer: deadly signal
artifact_prefix='./'; Test unit written to ./crash-81d108db
"""


def test_a_calm_run_reports_how_far_it_came() -> None:
    told = "3,272,929 runs in 481 s, 581 edges, 1386 features, 142 cases"
    assert fuzz_log.progress(CALM) == told


def test_a_finding_names_the_panic_the_input_and_where_to_keep_it() -> None:
    told = fuzz_log.finding("members", BROKEN, Path("members.log"))
    assert told.startswith("agent/fuzz/src/members.rs:80:5:\n'https://10.0.1.13:2379/admin/'\n")
    assert "input: ./crash-81d108db" in told and "corpus/members/found-" in told


def test_a_log_that_says_little_is_no_reason_to_fail() -> None:
    assert fuzz_log.progress("") == "no figures in its log"
    assert "no output" in fuzz_log.finding("members", "", Path("members.log"))


def test_every_target_has_a_corpus_and_a_dictionary() -> None:
    names = fuzz.targets()
    assert len(names) >= 6
    assert names == sorted(path.stem for path in (fuzz.PACKAGE / "dictionaries").iterdir())


def test_every_file_of_the_corpus_has_a_name_that_says_what_it_is() -> None:
    names = [path.name for folder in fuzz.CORPUS.iterdir() for path in folder.iterdir()]
    assert [name for name in names if not re.match("(seed|hand|found)-[a-z0-9]", name)] == []


def a_merge(monkeypatch: pytest.MonkeyPatch, folder: Path, code: int) -> fuzz.Result:
    """What `KEEP=1` leaves where libFuzzer takes over one input of two."""
    (folder / "named/members").mkdir(parents=True)
    (folder / "named/members/seed-one").write_text("one")
    (folder / "grown/members").mkdir(parents=True)
    for name in ("aa", "bb"):
        (folder / "grown/members" / name).write_text(name)

    def start(_binary: Path, _target: str, _log: Path, _limit: float, *words: str) -> int:
        kept, grown = map(Path, words[-2:])
        assert (kept / "seed-one").read_text() == "one"
        (kept / "cc").write_text((grown / "bb").read_text())
        return code

    monkeypatch.setattr(fuzz, "start", start)
    monkeypatch.setattr(fuzz, "OUTPUT", folder)
    monkeypatch.setattr(fuzz, "CORPUS", folder / "named")
    monkeypatch.setattr(fuzz, "GROWN", folder / "grown")
    return fuzz.keep(Path("fuzzer"), "members")


def test_a_merge_keeps_its_finds_outside_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = a_merge(monkeypatch, tmp_path, 0)
    assert not result.failed and result.told.startswith("1 cases, 2 bytes in ")
    assert [path.name for path in (tmp_path / "grown/members").iterdir()] == ["cc"]
    assert [path.name for path in (tmp_path / "named/members").iterdir()] == ["seed-one"]


def test_a_merge_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert a_merge(monkeypatch, tmp_path, 1).failed
    assert sorted(path.name for path in (tmp_path / "grown/members").iterdir()) == ["aa", "bb"]
