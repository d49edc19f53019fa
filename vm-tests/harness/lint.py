"""Checks the scripts: they compile, lines are tidy, nothing sleeps or waits without end.

Checks the words of every file as well; see words.py.

Small on purpose: the standard library is all that a host surely has.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import places, words

LONGEST_LINE = 100
#: The words are cut so that this file does not find itself.
UNFINISHED = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
#: The one place that may pause between two looks.
MAY_PAUSE = "waiting.py"
#: Methods of processes, threads and events that wait as long as it takes where no limit is given.
WAITS = ("wait", "communicate", "join")
ENDLESS = ("subprocess.run", "subprocess.check_output", "subprocess.check_call", "subprocess.call")


def python_files() -> Iterator[Path]:
    """All Python below vm-tests."""
    yield from sorted(places.VM_TESTS.rglob("*.py"))


def shell_files() -> Iterator[Path]:
    """All shell scripts of the repository's own."""
    yield from sorted(places.VM_TESTS.rglob("*.sh"))
    yield from sorted((places.REPOSITORY / "nixos-module").rglob("*.sh"))
    packaging = places.REPOSITORY / "agent" / "packaging"
    yield from sorted(packaging.glob("*.sh"))
    yield from (packaging / "debian" / name for name in ("postinst", "prerm", "postrm"))
    yield places.REPOSITORY / ".ci" / "run"


def of_text(path: Path) -> Iterator[str]:
    """What can be said of any script."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if len(line) > LONGEST_LINE:
            yield f"{number}: {len(line)} characters, at most {LONGEST_LINE} are read well"
        if line != line.rstrip() or "\t" in line:
            yield f"{number}: white space at the end, or a tab"
        if UNFINISHED.search(line):
            yield f"{number}: unfinished work"


def of_python(path: Path) -> Iterator[str]:
    """What the syntax tree shows."""
    tree = ast.parse(path.read_text(), str(path))
    if ast.get_docstring(tree) is None:
        yield "1: does not say what the file is for"
    imported: dict[str, int] = {}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in node.names:
                imported[(name.asname or name.name).partition(".")[0]] = node.lineno
        if isinstance(node, ast.Call) and waits_without_end(node):
            yield f"{node.lineno}: waits without end; give it a limit"
        pauses = isinstance(node, ast.Attribute) and node.attr == "sleep"
        if pauses and path.name != MAY_PAUSE:
            yield f"{node.lineno}: sleeps; wait for a condition (see waiting.py)"
    if path.parent == places.HARNESS:
        yield from _undocumented(tree)
    for name, number in imported.items():
        if name not in used and name != "annotations":
            yield f"{number}: {name} is imported and not used"


def waits_without_end(call: ast.Call) -> bool:
    """Whether a call waits for a process or a thread, for as long as that takes."""
    if not isinstance(call.func, ast.Attribute):
        return False
    limited = any(given.arg == "timeout" for given in call.keywords)
    if call.func.attr in WAITS:
        return not call.args and not limited
    return ast.unparse(call.func) in ENDLESS and not limited


def _undocumented(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        named = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if named and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"{node.lineno}: {node.name} has no docstring"


def of_shell(path: Path) -> Iterator[str]:
    """Whether bash can read it; and what shellcheck says, where that is installed."""
    checks = [["bash", "-n"]]
    if shutil.which("shellcheck"):
        checks.append(["shellcheck", "--format=gcc"])
    for check in checks:
        read = subprocess.run([*check, path], capture_output=True, text=True, timeout=300)
        if read.returncode != 0:
            yield (read.stdout + read.stderr).strip()


def main() -> int:
    """Print every finding; the exit code says whether there was one."""
    findings = [f"{p}:{f}" for p in python_files() for f in (*of_text(p), *of_python(p))]
    findings += [f"{p}:{f}" for p in shell_files() for f in (*of_text(p), *of_shell(p))]
    for finding in findings:
        print(finding.removeprefix(f"{places.REPOSITORY}/"))
    print(f"{len(findings)} findings in the scripts")
    worded = list(words.of_repository())
    for finding in worded:
        print(finding)
    print(f"{len(worded)} findings in the words")
    return 1 if findings or worded else 0


if __name__ == "__main__":
    sys.exit(main())
