"""A terminal as SVG: what a screen has written, scrolling by the times that its lines give.

Plain text in one font, no scripts. Must not depend on what shows it: without animations, or
where a reader wants none, it is the last screenful.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from .screen import BOLD, DIM, Screen

FONT, LINE, CHARACTER, MARGIN = 13, 18, 7.9, 16
#: A longer line is cut, and says so; of more lines, the last ones are shown.
COLUMNS, ROWS = 116, 36
#: So much slower than it was: some lines are milliseconds apart.
SLOWER = 3.0
#: Seconds: after a line that gives no time, and at the end, before it begins again.
BEAT, HOLD = 0.15, 12.0
TIME = re.compile(r" *(\d+\.\d\d) s  ")
#: By their codes, the colours of a terminal, dark enough for the light ground.
COLOURS = {31: "#b42318", 32: "#1a7f37", 33: "#7d5200", 34: "#0550ae", 35: "#8250df", 36: "#0b6b75"}
CODE = re.compile(r"\x1b\[(\d*)m")
#: What `status` shows green on a terminal; the demo reads it through a pipe.
GOOD = re.compile(r"^  ✓")
STYLE = (
    f"text{{font:{FONT}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "fill:#1f2328;white-space:pre}"
    f".c{BOLD}{{font-weight:bold}}.c{DIM}{{fill:#59636e}}"
    + "".join(f".c{code}{{fill:{colour}}}" for code, colour in COLOURS.items())
)


class RecordedScreen(Screen):
    """A screen that also remembers its lines, in colour."""

    def __init__(self, names: list[str]) -> None:
        self.written: list[str] = []
        super().__init__(names)
        self._in_colour, self._coloured = self._coloured, True

    def restart_clock(self) -> None:
        """The story begins here, with the title above; what was built before is not shown."""
        del self.written[:-1]
        super().restart_clock()

    def _write(self, text: str) -> None:
        if not self._muted:
            self.written += text.split("\n")
        super()._write(text if self._in_colour else CODE.sub("", text))


def runs(line: str) -> Iterator[tuple[int, str]]:
    """The pieces of a line, each with the code of its colour; 0 is none."""
    line = GOOD.sub("\x1b[32m\\g<0>\x1b[0m", line)
    left, code = COLUMNS, 0
    for number, piece in enumerate(CODE.split(line)):
        if number % 2:
            code = int(piece or 0)
        elif piece and left:
            if len(piece) > left:
                piece = piece[: left - 1] + "…"
            left -= len(piece)
            yield code, piece


def spans(line: str) -> str:
    """A line as it is in the picture."""
    return "".join(
        f'<tspan class="c{code}">{escape(piece)}</tspan>' if code else escape(piece)
        for code, piece in runs(line)
    )


def delays(lines: Iterable[str]) -> Iterator[float]:
    """When each line appears."""
    told = beats = 0.0
    for line in lines:
        if found := TIME.match(line):
            told = float(found[1])
        yield told * SLOWER + beats
        beats += 0.0 if found else BEAT


def scrolling(lines: Iterable[str], rows: int) -> str:
    """The animation: each line enters at the bottom row."""
    seconds = list(delays(lines))
    length = seconds[-1] + HOLD
    # Of lines that come together, the last one counts.
    frames = {f"{100 * at / length:.2f}": rows - number for number, at in enumerate(seconds, 1)}
    steps = (f"{at}%{{transform:translateY({y * LINE}px)}}" for at, y in frames.items())
    return (
        f"#lines{{animation:scroll {length:.2f}s step-end infinite}}"
        "@media(prefers-reduced-motion){#lines{animation:none}}"
        f"@keyframes scroll{{{''.join(steps)}}}"
    )


def svg(command: str, story: str, lines: list[str]) -> str:
    """The picture of what a command has written; the story is for who cannot see it."""
    rows = min(ROWS, len(lines))
    longest = max(sum(len(piece) for _, piece in runs(line)) for line in lines)
    width, inside = round(2 * MARGIN + longest * CHARACTER), rows * LINE
    height, last = 3 * MARGIN + LINE + inside, (rows - len(lines)) * LINE
    shown = ((number * LINE - 5, line) for number, line in enumerate(lines, 1) if line)
    texts = "\n".join(f'<text x="{MARGIN}" y="{y}">{spans(line)}</text>' for y, line in shown)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
 width="{width}" height="{height}" xml:space="preserve" role="img" aria-labelledby="title story">
<title id="title">{escape(command)}</title><desc id="story">{escape(story)}</desc>
<style>{STYLE}{scrolling(lines, rows)}</style>
<rect width="{width}" height="{height}" rx="8" fill="#f6f8fa" stroke="#d1d9e0"/>
<text x="{MARGIN}" y="{MARGIN + LINE - 5}"># {escape(command)}</text>
<svg y="{2 * MARGIN + LINE}" width="{width}" height="{inside}">
<g id="lines" transform="translate(0 {last})">
{texts}
</g></svg>
</svg>
"""
