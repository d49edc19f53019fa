"""What the picture of a terminal shows, and what it must not depend on."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from harness import terminal_svg
from harness.terminal_svg import (
    BEAT,
    COLUMNS,
    HOLD,
    LINE,
    ROWS,
    SLOWER,
    RecordedScreen,
    delays,
    scrolling,
    spans,
    svg,
)

SPACE = "{http://www.w3.org/2000/svg}"


def drawn(*lines: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg("make demo", "A <story> & its end", [*lines]))


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SPACE}text")]


def test_text_is_escaped_and_comes_back_as_it_was() -> None:
    picture = drawn("""<a href="x">'R&D'</a>""", "two", "", "  more")
    assert texts(picture) == ["# make demo", """<a href="x">'R&D'</a>""", "two", "  more"]
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


def test_lines_appear_by_the_times_that_they_give() -> None:
    lines = ["", "title", "   0.50 s  node01  · up", "          more", "   2.00 s  node02  · up"]
    expected = [0, BEAT, 0.5 * SLOWER + 2 * BEAT, 0.5 * SLOWER + 2 * BEAT]
    assert list(delays(lines)) == pytest.approx([*expected, 2 * SLOWER + 3 * BEAT])


def test_lines_enter_at_the_bottom_those_of_one_time_together() -> None:
    moves = scrolling(["   0.00 s  a", "   1.00 s  b", "   1.00 s  c"], rows=2)
    length = SLOWER + HOLD
    assert f"animation:scroll {length:.2f}s step-end infinite" in moves
    first = f"0.00%{{transform:translateY({LINE}px)}}"
    last = f"{100 * SLOWER / length:.2f}%{{transform:translateY({-LINE}px)}}"
    assert moves.endswith(f"@keyframes scroll{{{first}{last}}}")


def test_without_animations_the_last_screenful_is_shown() -> None:
    lines = [str(number) for number in range(ROWS + 3)]
    picture = svg("make demo", "", lines)
    assert f'<g id="lines" transform="translate(0 {-3 * LINE})">' in picture
    assert "@media(prefers-reduced-motion){#lines{animation:none}}" in picture
    inner = ElementTree.fromstring(picture).find(f"{SPACE}svg")
    assert inner is not None and inner.get("height") == str(ROWS * LINE)


def test_nothing_runs_and_nothing_is_fetched() -> None:
    picture = svg("make demo", "", ["a"])
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
    assert screen.written == [
        "\x1b[1mThree nodes\x1b[0m",
        "   0.00 s  \x1b[36mnode01\x1b[0m  · power on",
    ]
    assert capsys.readouterr().out == "  building\n\nThree nodes\n   0.00 s  node01  · power on\n"
