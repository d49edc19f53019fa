"""Every promise names tests that exist, and the pages of the book say the same."""

from __future__ import annotations

import re

import pytest

from harness import places, promises

OPERATORS = places.REPOSITORY / "docs" / "src" / "explanation" / "promises.md"


def test_the_page_is_what_table_and_tests_say() -> None:
    assert promises.PAGE.read_text() == promises.page(), "run `make generate`"


def test_the_operators_page_has_the_same_promises() -> None:
    titles = re.findall(r"^## (\d+\. .+)$", OPERATORS.read_text(), re.MULTILINE)
    assert titles == [f"{one['promise']}. {one['title']}" for one in promises.table()]


def test_every_promise_is_held_by_something() -> None:
    for promise in promises.table():
        assert promise["held"] and all(group["tests"] for group in promise["held"]), promise


def test_a_test_that_does_not_exist_is_named() -> None:
    promise = {
        "promise": 1,
        "title": "A title",
        "held": [{"what": "some", "tests": ["reboot", "gone"]}],
        "in_part": [],
    }
    with pytest.raises(ValueError, match="promise 1: no test gone$"):
        promises.section(promise, promises.known())
