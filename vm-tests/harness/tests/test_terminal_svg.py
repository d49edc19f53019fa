"""What the picture of a terminal shows, and what it must not depend on."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from harness import terminal_svg
from harness.terminal_svg import COLUMNS, LONGEST_PAUSE, RecordedScreen, delays, spans, svg

SPACE = "{http://www.w3.org/2000/svg}"


def drawn(*lines: str) -> ElementTree.Element:
    written = [(7.0 + number, line) for number, line in enumerate(lines)]
    return ElementTree.fromstring(svg("make demo", "A <story> & its end", written))


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SPACE}text")]


def test_text_is_escaped_and_comes_back_as_it_was() -> None:
    picture = drawn("""<a href="x">'R&D'</a>""", "two\n  lines")
    assert texts(picture) == ["# make demo", """<a href="x">'R&D'</a>""", "two", "  lines"]
    assert [picture.findtext(f"{SPACE}{name}") for name in ("title", "desc")] == [
        "make demo",
        "A <story> & its end",
    ]


def test_colours_and_marks() -> None:
    assert spans("\x1b[36mnode01\x1b[0m  \x1b[31m✗\x1b[0m no") == (
        '<tspan class="c36">node01</tspan>  <tspan class="c31">✗</tspan> no'
    )
    assert spans("  ✓ iam  done") == '<tspan class="c32">  ✓</tspan> iam  done'
    assert spans("node01  ● iam") == "node01  ● iam"


@pytest.mark.parametrize("colour", ["", "\x1b[36m"])
def test_a_long_line_is_cut_at_the_width(colour: str) -> None:
    cut = drawn(f"ab{colour}{'x' * COLUMNS}\x1b[0m more")
    shown = texts(cut)[1]
    assert len(shown) == COLUMNS and shown.endswith("x…")
    whole = drawn("y" * COLUMNS)
    assert texts(whole)[1] == "y" * COLUMNS
    assert whole.get("width") == cut.get("width")
    assert int(drawn("short").get("width", "0")) < int(whole.get("width", "0")) <= 1000


def test_lines_appear_as_they_were_written_and_no_pause_is_long() -> None:
    assert list(delays([5.0, 5.25, 65.25, 65.5])) == pytest.approx(
        [0, 0.25, 0.25 + LONGEST_PAUSE, 0.5 + LONGEST_PAUSE]
    )


def test_nothing_runs_and_nothing_is_fetched() -> None:
    picture = svg("make demo", "", [(0.0, "a")])
    assert not re.search(r"<script|href|url\(|@import|@font-face", picture)
    assert picture.count("http") == 1


def test_every_colour_is_readable_on_the_ground() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in ("#1f2328", "#59636e", *terminal_svg.COLOURS.values()):
        # WCAG's contrast of normal text.
        assert (light("#f6f8fa") + 0.05) / (light(colour) + 0.05) >= 4.5, colour


def test_a_recorded_screen_writes_plainly_and_remembers_colours(capsys: Any) -> None:
    screen = RecordedScreen(["node01"])
    screen.progress("building")
    screen.title("Three nodes")
    screen.restart_clock()
    screen.event("node01", "power on")
    screen.close()
    screen.plain("after the end")
    assert [text for _, text in screen.written] == [
        "\n\x1b[1mThree nodes\x1b[0m",
        "   0.00 s  \x1b[36mnode01\x1b[0m  · power on",
    ]
    assert capsys.readouterr().out == "  building\n\nThree nodes\n   0.00 s  node01  · power on\n"
