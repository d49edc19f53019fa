"""Speaks to QEMU's monitor: what a person would do with hands at the machine.

Knows QMP and nothing of the machine; must not wait for what a command brings about.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

#: QEMU answers in milliseconds, also where the machine inside it hangs.
ANSWER_LIMIT = 300.0


class MonitorError(RuntimeError):
    """QEMU refused a command, or does not answer."""


def command(path: Path, name: str, arguments: dict[str, Any]) -> Any:
    """Run one QMP command on a connection of its own and return what it answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as monitor:
            monitor.settimeout(ANSWER_LIMIT)
            monitor.connect(str(path))
            with monitor.makefile("rw") as lines:
                json.loads(lines.readline())
                _ask(lines, "qmp_capabilities", {})
                return _ask(lines, name, arguments)
    except (OSError, ValueError) as error:
        raise MonitorError(f"QEMU's monitor does not answer `{name}`: {error}") from error


def _ask(lines: Any, name: str, arguments: dict[str, Any]) -> Any:
    lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
    lines.flush()
    while True:
        answer = json.loads(lines.readline())
        if "return" in answer:
            return answer["return"]
        # Events come in between and are of no interest here.
        if "error" in answer:
            raise MonitorError(f"QEMU refused `{name}`: {answer['error'].get('desc')}")
