"""`make demo`: three nodes bootstrap a cluster, a fourth joins, live on the screen.

Chooses between real nodes and plain processes, and makes sure that every way
out, signals included, goes through the closing of what was started. Can record itself.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

# Until there is something to switch off, an interrupt just ends it: also while this imports.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from . import demo_etcd, demo_loopback, demo_nodes, host, product
from .machine import RequestedAssertionFailed
from .screen import Screen
from .terminal_svg import RecordedScreen, svg
from .waiting import NotInTime

NAMES = ["node01", "node02", "node03", "node04"]
USAGE = "usage: demo [nodes|loopback] [--services=etcd] [--record=FILE.svg]"
#: What SERVICES= may say; without it, chainfire, flaredb and IAM.
STORIES = {"": demo_nodes.USUAL, "etcd": demo_etcd.STORY}
SERVICES, RECORD = "--services=", "--record="
#: For who cannot see the recorded picture.
TOLD = (
    "Three nodes bootstrap a cluster, a fourth joins it; then the status of the fourth node: each"
    " step done, every member a healthy voter."
)


def leave(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an exit that unwinds everything; more of it is ignored."""
    for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)
    if number != signal.SIGHUP:
        # Past Python's own streams: what was interrupted may be in the middle of a print.
        with suppress(OSError):
            os.write(sys.__stderr__.fileno(), b"\ninterrupted; switching everything off\n")
    raise SystemExit(128 + number)


def given(option: str, arguments: list[str]) -> list[str]:
    """What the words with this option say."""
    return [word.removeprefix(option) for word in arguments if word.startswith(option)]


def command(mode: str, services: str) -> str:
    """What a person types for this story."""
    said = f" MODE={mode}" * bool(mode) + f" SERVICES={services}" * bool(services)
    return f"make demo{said}"


def main(arguments: list[str]) -> int:
    """Run the demo; the exit code says whether the story came to its end."""
    asked, record = given(SERVICES, arguments), given(RECORD, arguments)
    modes = [word for word in arguments if not word.startswith((SERVICES, RECORD))]
    if max(len(asked), len(record)) > 1 or modes not in ([], ["nodes"], ["loopback"]):
        print(USAGE, file=sys.stderr)
        return 2
    mode, services, picture = "".join(modes), "".join(asked).strip(), "".join(record)
    if services not in STORIES:
        known = ", ".join(name for name in STORIES if name)
        said = f"SERVICES={services} is no demo; there is SERVICES={known}, and without it"
        print(f"{said} chainfire, flaredb and IAM", file=sys.stderr)
        return 2
    if mode == "loopback" and services:
        print(f"SERVICES={services} needs systemd: leave MODE=loopback out", file=sys.stderr)
        return 2
    if picture and not Path(picture).parent.is_dir():
        print(f"RECORD={picture}: {Path(picture).parent} is no directory", file=sys.stderr)
        return 2
    screen = RecordedScreen(NAMES) if picture else Screen(NAMES)

    def interrupted(number: int, frame: FrameType | None) -> None:
        """No event after the last word."""
        screen.mute()
        leave(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    reason = None if mode == "loopback" else host.obstacle()
    if (mode == "nodes" or services) and reason:
        print(f"no nodes here: {reason}", file=sys.stderr)
        return 1
    try:
        if mode == "loopback" or reason:
            if reason:
                screen.plain(f"No systemd nodes here: {reason}.")
                screen.plain("The same story as plain processes on loopback:")
            demo_loopback.tell(screen)
        else:
            demo_nodes.tell(screen, STORIES[services])
    except product.CargoMissing as error:
        print(error, file=sys.stderr)
        return 2
    except (NotInTime, RequestedAssertionFailed, RuntimeError, PermissionError) as error:
        screen.plain(f"\nThe demo failed: {error}")
        return 1
    finally:
        screen.close()
    if isinstance(screen, RecordedScreen):
        Path(picture).write_text(svg(command(mode, services), TOLD, screen.written))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
