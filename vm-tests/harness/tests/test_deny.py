"""deny.toml refuses what it should, and cargo-deny reads it as it is meant."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness import deny
from harness.waiting import WATCHDOG

MANIFEST = """\
[package]
name = "{}"
version = "0.1.0"
edition = "2024"
publish = false
license = "{}"
{}
"""


@pytest.fixture
def program() -> Path:
    """Built where it is missing, which is no part of a test."""
    return deny.program()


def crate(folder: Path, name: str, licence: str = "MIT", more: str = "") -> Path:
    """A crate that holds nothing; returns its manifest."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").touch()
    manifest = folder / "Cargo.toml"
    manifest.write_text(MANIFEST.format(name, licence, more))
    return manifest


def said_of(folder: Path, dependency: str) -> tuple[int, str]:
    """The exit code and the report for a crate of ours with one dependency."""
    ours = crate(folder / "ours", "ours", more=f"[dependencies]\n{dependency}\n")
    # What cargo fetches goes with the folder.
    home = {**os.environ, "CARGO_HOME": str(folder / "cargo")}
    lock = ["cargo", "generate-lockfile", "--manifest-path", str(ours)]
    subprocess.run(lock, check=True, timeout=WATCHDOG, cwd=folder, env=home)
    done = subprocess.run(
        deny.command(*deny.OF_THE_TREE, manifest=ours),
        cwd=folder, env=home, capture_output=True, text=True, timeout=WATCHDOG,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_crate_that_may_come_in_passes(program: Path, tmp_path: Path) -> None:
    crate(tmp_path / "other", "other")
    code, said = said_of(tmp_path, 'other = { path = "../other" }')
    assert (code, said.strip()) == (0, "bans ok, licenses ok, sources ok")


def test_a_licence_that_is_not_allowed_is_refused(program: Path, tmp_path: Path) -> None:
    crate(tmp_path / "other", "other", licence="GPL-3.0-only")
    code, said = said_of(tmp_path, 'other = { path = "../other" }')
    assert code != 0 and "bans ok, licenses FAILED, sources ok" in said


@pytest.mark.parametrize("name", ["openssl-sys", "native-tls", "aws-lc-sys", "backoff"])
def test_a_banned_crate_is_refused(program: Path, tmp_path: Path, name: str) -> None:
    crate(tmp_path / "other", name)
    code, said = said_of(tmp_path, f'{name} = {{ path = "../other" }}')
    assert code != 0 and "bans FAILED, licenses ok, sources ok" in said
    assert f"crate '{name} = 0.1.0' is explicitly banned" in said


def test_a_crate_from_git_is_refused(program: Path, tmp_path: Path) -> None:
    crate(tmp_path / "other", "other")
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    for words in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", "it")):
        subprocess.run(["git", *words], check=True, timeout=WATCHDOG, cwd=tmp_path / "other")
    code, said = said_of(tmp_path, f'other = {{ git = "file://{tmp_path}/other" }}')
    assert code != 0 and "sources FAILED" in said


def test_without_a_registry_the_step_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def out_of_reach() -> Path:
        raise RuntimeError("is the registry of crates reachable?")

    monkeypatch.setattr(deny, "program", out_of_reach)
    counts = deny.of_the_tree(None)
    assert (counts.passed, counts.failed, counts.skipped) == (0, 1, [])
    assert "reachable" in capsys.readouterr().out
