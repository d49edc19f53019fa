"""The word list finds its words where people read, and nowhere else."""

from __future__ import annotations

import pytest

from harness import words


def found(path: str, text: str) -> list[str]:
    """Line and words of each finding."""
    return [finding.partition(": write ")[0] for finding in words.findings(path, text)]


@pytest.mark.parametrize(
    "text",
    [
        "Mend what status shows",
        "the host name of the node",
        "the seed's way",
        "the first-boot document",
        "a node that lacks behind",
        "not certified by the authority",
        "in the wrong room",
        "the marker lies in /var/lib",
        "the leader is gone",
        "names as /dev/sda",
        "a source of higher rank",
        "unless told otherwise",
    ],
)
def test_a_word_of_the_list_is_found(text: str) -> None:
    assert len(found("page.md", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "recommended, amended",
        "a random seed; the seed of the generator; seed-config.json",
        "certificate authority, the authority of a URL, Authority::create()",
        "no room on the disk, room for a line",
        "stand-ins stand in for chainfire",
        "time goes by itself",
        "410 Gone",
        "discards; the RTC battery is empty",
        "hostname",
    ],
)
def test_other_words_are_left_alone(text: str) -> None:
    assert found("page.md", text) == []


def test_of_rust_comments_texts_and_names_of_tests_are_read() -> None:
    text = """// The host
// name, told once.
let told = tell(b'"', card); // fine
let text = "tells {told:?}";
let raw = r#"a "card""#;
#[tokio::test(start_paused = true)]
async fn the_leader_is_gone() {}
fn is_told() {}
"""
    assert found("a.rs", text) == [
        '1: "host name"', '2: "told"', '4: "tells"', '5: "card"', '7: "is gone"'
    ]


def test_some_words_are_found_in_comments_of_rust_and_in_python() -> None:
    text = """//! For whoever reads it; nobody
//! can say when.
let anew = "to join anew"; // it begins anew
"""
    assert found("a.rs", text) == ['1: "whoever"', '1: "nobody can say"', '3: "anew"']
    assert found("a.py", '# whoever\nanew = "begins anew"') == ['1: "whoever"', '2: "anew"']
    assert found("a.md", "whoever begins anew") == []


def test_of_python_comments_texts_and_names_of_tests_are_read() -> None:
    text = """\"\"\"A host
name.\"\"\"
told = tell(card)  # the card
text = f"tells {told[0]} {told!r}"
def test_the_leader_is_gone(): ...
"""
    assert found("a.py", text) == ['1: "host name"', '3: "card"', '4: "tells"', '5: "is gone"']


def test_of_other_files_everything_is_read() -> None:
    assert found("a.nix", '# one\n"/dev/sda": names as /dev/sda') == ['2: "names as /"']


def test_every_entry_says_what_to_write() -> None:
    assert all(instead for _, instead in words.patterns())


def test_what_is_skipped_exists() -> None:
    skipped = (*words.NOT_READ, *words.NAME_THEM)
    assert [path for path in skipped if not list(words.places.REPOSITORY.glob(f"{path}*"))] == []
