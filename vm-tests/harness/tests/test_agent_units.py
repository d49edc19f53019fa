"""What our unit files say of one another, where systemd would not complain and do harm."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness import places
from harness.waiting import WATCHDOG

UNITS = places.REPOSITORY / "agent" / "systemd"
PULLING = ("Wants", "Requires", "BindsTo", "Upholds")


class Graph:
    """Who pulls in whom, and who comes after whom."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.pulls: dict[str, set[str]] = {}
        self.after: dict[str, set[str]] = {}
        self.restarts: list[str] = []
        for file in files:
            self._read(file.name, file.read_text())

    def _read(self, name: str, text: str) -> None:
        # A template as an instance.
        name, text = name.replace("@.", "@etcd."), text.replace("%i", "etcd")
        stem, _, kind = name.rpartition(".")
        if kind == "path":
            # It comes before what it starts, without a word.
            self.after.setdefault(f"{stem}.service", set()).add(name)
        for key, _, value in (line.partition("=") for line in text.splitlines()):
            for other in value.split():
                if key in PULLING:
                    self.pulls.setdefault(name, set()).add(other)
                elif key in ("WantedBy", "RequiredBy"):
                    self.pulls.setdefault(other, set()).add(name)
                elif key == "After":
                    self.after.setdefault(name, set()).add(other)
                elif key == "Before":
                    self.after.setdefault(other, set()).add(name)
            if key == "Restart" and value != "no":
                self.restarts.append(name)

    def reached(self, unit: str) -> set[str]:
        """What a start of a unit starts as well."""
        found, todo = set(), [unit]
        while todo:
            found.add(todo[-1])
            todo += self.pulls.get(todo.pop(), set()) - found
        return found

    def storms(self) -> list[str]:
        """Units whose wait for a restart starts what starts them.

        As such a wait begins, systemd starts what the unit pulls in and is not ordered after
        (`retroactively_start_dependencies` in its src/core/unit.c); from 257 on, a start of
        the unit itself ends the wait.
        """
        return [
            f"{unit} by {other}"
            for unit in self.restarts
            for other in sorted(self.pulls.get(unit, set()) - self.after.get(unit, set()))
            if unit in self.reached(other)
        ]


def written(folder: Path, **units: str) -> list[Path]:
    """Unit files with this text; `a_service` is a.service."""
    for name, text in units.items():
        (folder / name.replace("_", ".")).write_text(text)
    return list(folder.iterdir())


def test_d6_no_unit_starts_itself_while_it_waits_for_its_restart() -> None:
    graph = Graph(path for path in UNITS.iterdir() if path.is_file())
    assert "cluster-join@etcd.service" in graph.restarts and len(graph.restarts) >= 5
    assert graph.storms() == []
    # The way is there all the same: a start of chainfire's join brings flaredb's along.
    assert "flaredb-cluster-join.service" in graph.reached("chainfire-cluster-join.service")


def test_d6_the_reading_finds_a_unit_that_starts_itself(tmp_path: Path) -> None:
    failing = "[Service]\nRestart=on-failure\n"
    direct = written(
        tmp_path,
        a_service=failing,
        b_service="[Unit]\nRequires=a.service\n[Install]\nWantedBy=a.service\n",
    )
    assert Graph(direct).storms() == ["a.service by b.service"]
    between = written(
        tmp_path,
        a_service=f"[Unit]\nWants=c.target\n{failing}",
        b_service="[Unit]\nRequires=a.service\n[Install]\nWantedBy=c.target\n",
        c_target="[Unit]\n",
    )
    assert Graph(between).storms() == ["a.service by c.target"]
    ordered = written(tmp_path, a_service=f"[Unit]\nWants=c.target\nAfter=c.target\n{failing}")
    assert Graph(ordered).storms() == []


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.path")), ids=lambda path: path.stem)
def test_d6_a_path_unit_is_never_given_up(path: Path) -> None:
    """systemd gives up a unit that is started too often (systemd.unit(5))."""
    assert "StartLimitIntervalSec=0" in path.read_text().splitlines()


@pytest.mark.parametrize(
    "unit", sorted(path for path in UNITS.iterdir() if path.is_file()), ids=lambda path: path.name
)
def test_every_unit_names_a_man_page_that_is_installed(unit: Path) -> None:
    """`systemctl help UNIT` opens it."""
    (page,) = re.findall(r"^Documentation=man:([^ ]+)\((\d)\)$", unit.read_text(), re.MULTILINE)
    assert (UNITS.parent / "packaging" / "man" / ".".join(page)).exists()


def install(root: Path, *more: str) -> str:
    """`make install` below a root; returns what it says."""
    command = ["make", "--silent", "install", f"DESTDIR={root}", "AGENT=/bin/true", *more]
    # Called from make itself, its variables would reach this make as well.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("M")}
    done = subprocess.run(
        command, cwd=places.REPOSITORY, env=environment, check=True, capture_output=True, text=True,
        timeout=WATCHDOG,
    )  # fmt: skip
    return done.stderr


def drop_ins(root: Path) -> set[str]:
    """Which units have some below a root."""
    return {path.name for path in (root / "usr/lib/systemd/system").glob("*.d")}


LATER = {path.name for path in (UNITS / "254").iterdir()}


@pytest.mark.parametrize(
    ("libraries", "expected"),
    [
        (("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so",), set()),
        (("usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-257.so",), LATER),
        (("usr/lib64/systemd/libsystemd-shared-259.3-1.fc44.so",), LATER),
        (("usr/lib/systemd/libsystemd-shared-258.1-1.so",), LATER),
        # In the middle of an upgrade.
        (
            (
                "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so",
                "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so",
            ),
            LATER,
        ),
    ],
)
def test_what_later_systemd_knows_is_installed_for_it(
    tmp_path: Path, libraries: tuple[str, ...], expected: set[str]
) -> None:
    for library in libraries:
        (tmp_path / library).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / library).touch()
    assert install(tmp_path) == ""
    assert drop_ins(tmp_path) == expected


def test_a_staging_without_systemd_says_what_it_leaves_out(tmp_path: Path) -> None:
    assert "SYSTEMD_VERSION=254" in install(tmp_path)
    assert drop_ins(tmp_path) == set()
    assert install(tmp_path, "SYSTEMD_VERSION=260") == ""
    assert drop_ins(tmp_path) == LATER


def test_a_systemd_version_that_is_no_number_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        install(tmp_path, "SYSTEMD_VERSION=abc")
    assert list(tmp_path.iterdir()) == []


def test_the_reset_of_credentials_comes_before_what_people_add(tmp_path: Path) -> None:
    folders = [tmp_path / "usr/lib/systemd/system" / folder for folder in LATER]
    former = [folder / "00-encrypted-credentials.conf" for folder in folders]
    for file in former:
        file.parent.mkdir(parents=True)
        file.write_text("[Service]\nLoadCredential=\n")
    install(tmp_path, "SYSTEMD_VERSION=260")
    assert not [file for file in former if file.exists()]
    theirs = ["00-cluster-config.conf", "00.conf", "000-ours.conf", "00-00-a.conf", "0-a.conf"]
    for folder in folders:
        resets = [
            file.name
            for file in folder.glob("*.conf")
            if re.search("^LoadCredential=$", file.read_text(), re.MULTILINE)
        ]
        # systemd reads drop-ins in the order of their names, wherever they are (systemd.unit(5)).
        assert resets and max(resets) < min(theirs)
    for file in former:
        file.touch()
    install(tmp_path, "SYSTEMD_VERSION=252")
    assert not [file for file in former if file.exists()]


@pytest.mark.parametrize("default", ["disable *\n", ""])
def test_presets_enable_the_units_of_the_installed_system(tmp_path: Path, default: str) -> None:
    install(tmp_path, "SYSTEMD_VERSION=252")
    # Fedora has such a rule. Debian has none, and what no rule names is enabled there.
    (tmp_path / "usr/lib/systemd/system-preset/99-default.preset").write_text(default)
    services = sorted(path.name for path in UNITS.glob("*.service"))
    timers = sorted(path.name for path in UNITS.glob("*.timer"))
    preset = ["systemctl", f"--root={tmp_path}", "preset", *services, *timers]
    subprocess.run(preset, check=True, timeout=WATCHDOG)
    wanted = tmp_path / "etc/systemd/system/multi-user.target.wants"
    # The stage belongs to the initrd, further services are named, metrics have a timer.
    left = {"first-boot-initrd.service", "cluster-join@.service"}
    left.add("first-boot-agent-metrics.service")
    assert {path.name for path in wanted.iterdir()} == set(services) - left
    for target in ("initrd.target", "timers.target"):
        assert not (tmp_path / f"etc/systemd/system/{target}.wants").exists()
    brought = "etc/systemd/system/chainfire-cluster-join.target.wants/flaredb-cluster-join.service"
    assert (tmp_path / brought).is_symlink()


def test_a_further_service_is_enabled_by_its_name(tmp_path: Path) -> None:
    install(tmp_path, "SYSTEMD_VERSION=252")
    units = {f"cluster-join@{name}.service" for name in ("etcd", "my-db")}
    enable = ["systemctl", f"--root={tmp_path}", "enable", *units]
    subprocess.run(enable, check=True, timeout=WATCHDOG)
    wanted = tmp_path / "etc/systemd/system/multi-user.target.wants"
    links = {path.name: path.readlink().name for path in wanted.iterdir()}
    assert links == dict.fromkeys(units, "cluster-join@.service")
