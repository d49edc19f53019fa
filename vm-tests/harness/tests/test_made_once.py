"""What is made once: whole or not at all, and made again where a mirror was in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import made_once, places


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(places, "CACHE", tmp_path / "cache")
    return places.CACHE


class Maker:
    """Makes a file, but fails so many times before."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0

    def __call__(self, work: Path) -> Path:
        assert not list(work.iterdir()), "each try begins with an empty folder"
        self.asked += 1
        file = work / "file"
        file.write_text(f"try {self.asked}")
        if self.asked <= self.failures:
            raise RuntimeError("the mirror contradicts itself")
        return file


def test_it_is_made_once(cache: Path) -> None:
    maker = Maker(failures=0)
    assert made_once.made_once("it", maker).read_text() == "try 1"
    assert made_once.made_once("it", maker).read_text() == "try 1"
    assert maker.asked == 1
    assert [path.name for path in cache.iterdir()] == ["it"]


def test_a_mirror_that_fails_for_a_moment_is_asked_again() -> None:
    maker = Maker(failures=made_once.TRIES - 1)
    assert made_once.made_once("it", maker).read_text() == f"try {made_once.TRIES}"


def test_one_that_stays_away_is_an_error_and_leaves_nothing(cache: Path) -> None:
    maker = Maker(failures=made_once.TRIES)
    with pytest.raises(RuntimeError, match="contradicts itself"):
        made_once.made_once("it", maker)
    assert maker.asked == made_once.TRIES
    assert not list(cache.iterdir())
