"""A terminal as SVG: what a screen has written, line by line, at the times it was written.

Plain text in one font, no scripts. Must not depend on who shows it: without animations, or
where a reader wants none, every line is there at once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from html import escape

from .screen import Screen

FONT, LINE, CHARACTER, MARGIN = 13, 18, 7.9, 16
#: A longer line is cut, and says so.
COLUMNS = 116
#: Nobody watches a pause for longer.
LONGEST_PAUSE = 1.5
#: By their codes, the colours of a terminal, dark enough for the light ground.
COLOURS = {31: "#b42318", 32: "#1a7f37", 33: "#7d5200", 34: "#0550ae", 35: "#8250df", 36: "#0b6b75"}
BOLD, DIM, GREEN = 1, 2, 32
CODE = re.compile(r"\x1b\[(\d*)m")
#: What `status` shows green on a terminal; the demo reads it through a pipe.
GOOD = re.compile(r"^  ✓")
STYLE = (
    f"text{{font:{FONT}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "fill:#1f2328;white-space:pre;animation:show .01s backwards}"
    "@keyframes show{from{opacity:0}}"
    "@media(prefers-reduced-motion){text{animation:none}}"
    f".c{BOLD}{{font-weight:bold}}.c{DIM}{{fill:#59636e}}"
    + "".join(f".c{code}{{fill:{colour}}}" for code, colour in COLOURS.items())
)


class RecordedScreen(Screen):
    """A screen that also remembers its lines, in colour, and when it wrote each."""

    def __init__(self, names: list[str]) -> None:
        self.written: list[tuple[float, str]] = []
        super().__init__(names)
        self._in_colour, self._coloured = self._coloured, True

    def restart_clock(self) -> None:
        """The story begins here; what was built before is not shown."""
        # The title above stays.
        del self.written[:-1]
        super().restart_clock()

    def _write(self, text: str) -> None:
        if not self._muted:
            self.written.append((time.monotonic(), text))
        super()._write(text if self._in_colour else CODE.sub("", text))


def runs(line: str) -> Iterator[tuple[int, str]]:
    """The pieces of a line, each with the code of its colour; 0 is none."""
    line = GOOD.sub(f"\x1b[{GREEN}m\\g<0>\x1b[0m", line)
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


def delays(times: Iterable[float]) -> Iterator[float]:
    """When each line appears: as it was written, with the pauses cut short."""
    before, delay = None, 0.0
    for at in times:
        if before is not None:
            delay += min(max(at - before, 0.0), LONGEST_PAUSE)
        before = at
        yield delay


def svg(command: str, story: str, written: list[tuple[float, str]]) -> str:
    """The picture of what a command has written; the story is for who cannot see it."""
    lines = [(at, line) for at, text in written for line in text.split("\n")]
    start = lines[0][0] if lines else 0.0
    lines = [(start, f"\x1b[{BOLD}m# {command}\x1b[0m"), *lines]
    longest = max(sum(len(piece) for _, piece in runs(line)) for _, line in lines)
    width = round(2 * MARGIN + longest * CHARACTER)
    height = 2 * MARGIN + len(lines) * LINE
    texts = [
        f'<text x="{MARGIN}" y="{MARGIN + number * LINE - 5}"'
        f' style="animation-delay:{delay:.2f}s">{spans(line)}</text>'
        for number, ((_, line), delay) in enumerate(zip(lines, delays(at for at, _ in lines)), 1)
        if line
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img" aria-labelledby="title story">',
            f'<title id="title">{escape(command)}</title><desc id="story">{escape(story)}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#f6f8fa" stroke="#d1d9e0"/>',
            *texts,
            "</svg>\n",
        )
    )
