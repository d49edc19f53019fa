"""What the modules make of units and files, read by the real systemd."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import nix_checks, nix_units, places
from harness.nix import nix, quoted, string
from harness.waiting import WATCHDOG

LIB = nix_checks.library()
SERVICES = quoted(nix_checks.MODULE / "lib" / "services.nix")
CONFIG = quoted(nix_checks.MODULE / "lib" / "config.nix")
EVALUATE = quoted(nix_checks.TESTS / "stubs" / "nixos.nix")
MODULE = quoted(nix_checks.MODULE / "first-boot-automation.nix")
#: Files that code is compiled with, and that tests look for above the folder of their crate.
INCLUDED = re.compile(r'include_(?:str|bytes)!\("([^"]+)"\)')
SHARED = re.compile(r'#\[path = "([^"]+)"\]')
JOINED = re.compile(r'\.join\("(\.\./[^"]+)"\)')
#: Of a service that reaches KVM and network devices; most others are below.
MOST_EXPOSED = 2.0
#: Containers are namespaces and control groups, which the others may not make.
MORE_EXPOSED = {"k8shost": 2.8}
UNITS = (
    "chainfire-cluster-join",
    "flaredb-cluster-join",
    "iam-initial-setup",
    "cluster-health-check",
)
#: Of the template for further services.
INSTANCE = "cluster-join@etcd"


def test_units_of_the_services_are_understood(tmp_path: Path) -> None:
    rows: dict[str, Any] = nix().value(
        f"let s = import {SERVICES}; in builtins.mapAttrs (name: row: {{"
        f" Unit = {{ Description = row.description; After = s.ordering row; }};"
        f" Service = s.serviceConfig name {{ }}; }}) s.table"
    )
    folder = tmp_path / "units"
    folder.mkdir()
    for name, sections in rows.items():
        sections["Service"]["ExecStart"] = f"{tmp_path}/bin/{name}-server --config x.json"
        (folder / f"{name}.service").write_text(nix_units.rendered(sections))
    nix_units.make_programs(folder)
    assert len(rows) == 10
    assert nix_units.verify(folder, *(f"{name}.service" for name in rows)) == ""
    exposed = {name: nix_units.exposure(folder / f"{name}.service") for name in rows}
    for name, level in exposed.items():
        assert level <= MORE_EXPOSED.get(name, MOST_EXPOSED), exposed


def test_the_package_installs_what_nixos_looks_for(tmp_path: Path) -> None:
    out, initrd = tmp_path / "out", tmp_path / "initrd"
    nix_units.installed(out, initrd)
    units = out / "lib" / "systemd" / "system"
    in_the_initrd = initrd / "lib" / "systemd" / "system"
    ours = {path.name for path in nix_units.UNITS.iterdir() if path.is_file()}
    stage = {"first-boot-initrd.service"}
    assert {path.name for path in units.iterdir() if path.is_file()} == ours - stage
    assert {path.name for path in in_the_initrd.iterdir() if path.is_file()} == stage
    assert {path.name for path in (*units.glob("*.d"), *in_the_initrd.glob("*.d"))} == {
        path.name for path in (nix_units.UNITS / "254").iterdir()
    }
    for unit in (*units.glob("*.service"), *in_the_initrd.glob("*.service")):
        assert f"ExecStart={out}/bin/first-boot-agent " in unit.read_text()
    assert (out / "lib/systemd/catalog/first-boot-agent.catalog").stat().st_size > 0
    packaging = places.REPOSITORY / "agent" / "packaging"
    for ours, theirs in (
        ("man", "man/man1"),
        ("completions/bash", "bash-completion/completions"),
        ("completions/fish", "fish/vendor_completions.d"),
        ("completions/zsh", "zsh/site-functions"),
    ):
        given = {path.name: path.read_text() for path in (packaging / ours).iterdir()}
        found = {path.name: path.read_text() for path in (out / "share" / theirs).iterdir()}
        assert found == given and len(given) == 2
    nix_units.without_later_settings(units)
    nix_units.without_later_settings(in_the_initrd)
    services = [path.name for path in units.glob("*.service")]
    assert nix_units.verify(units, *services, f"{INSTANCE}.service", f"{INSTANCE}.path") == ""
    assert nix_units.verify(in_the_initrd, *stage) == ""


def test_a_build_sees_every_file_that_the_code_reads() -> None:
    source = quoted(nix_checks.MODULE / "source.nix")
    given = [Path(path) for path in nix().value(f"map toString (import {source}).paths")]
    assert [path for path in given if not path.exists()] == []
    read = set()
    crates = [places.REPOSITORY / name for name in ("agent", "topology")]
    for crate, code in ((crate, code) for crate in crates for code in crate.rglob("*.rs")):
        text = code.read_text()
        read |= {code.parent / name for name in (*INCLUDED.findall(text), *SHARED.findall(text))}
        read |= {crate / name for name in JOINED.findall(text)}
    assert len(read) > 3
    unseen = [path for path in map(Path.resolve, read) if not any(map(path.is_relative_to, given))]
    assert unseen == []


def test_a_key_that_systemd_does_not_know_is_found(tmp_path: Path) -> None:
    text = nix_units.rendered({"Service": {"ExecStart": "/bin/true", "Hardned": True}})
    (tmp_path / "mine.service").write_text(text)
    assert "Hardned" in nix_units.verify(tmp_path, "mine.service")


def tmpfiles_line(path: str, kind: str, entry: dict[str, str]) -> str:
    """As NixOS writes systemd.tmpfiles.settings: white space and backslashes are escaped."""
    argument = entry.get("argument", "")
    escaped = "".join(f"\\x{ord(c):02x}" if c in "\t\n\r \\" else c for c in argument)
    words = (kind, path, entry["mode"], entry["user"], entry["group"], "-")
    return " ".join(f"'{word}'" for word in words) + f" {escaped}\n"


def written(file: Path, text: str, rules: Path) -> None:
    """Have systemd-tmpfiles write a generated configuration, as NixOS would at a boot."""
    settings = nix().value(
        f"(import {CONFIG}).writtenBy {{ file = {string(str(file))}; text = {string(text)}; }}"
    )
    rules.write_text(
        "".join(
            tmpfiles_line(path, kind, entry)
            for path, kinds in sorted(settings.items())
            for kind, entry in kinds.items()
        )
    )
    command = ["systemd-tmpfiles", "--create", str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_configuration_arrives_as_it_was_written(tmp_path: Path) -> None:
    config = {
        "node_id": "node04",
        "cluster_name": "100% \\ \"quoted\" it's",
        "initial_peers": ["node01:2380", "[fd00::2]:2380"],
        "rack": "Gebäude 7",
    }
    text = json.dumps(config, indent=1, ensure_ascii=False)
    file = tmp_path / "secrets" / "cluster-config.json"
    # Twice, as two boots would, with a change of somebody's in between.
    for _ in range(2):
        written(file, text, tmp_path / "rules.conf")
        assert file.read_text() == text
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        file.write_text("something else that is longer than what was there before" * 10)


def test_a_folder_that_was_there_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    written(folder / "cluster-config.json", "{}", tmp_path / "rules.conf")
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "cluster-config.json").stat().st_mode & 0o777 == 0o600


# Without a `lib` these are not skipped but absent: no CI host has one.
if LIB:

    def drop_ins(options: str) -> dict[str, Any]:
        """Sections of each unit that the module configures, and who wants it."""
        evaluate = f"(import {EVALUATE} {{ lib = import {quoted(LIB)}; }})"
        return nix().value(
            f"let c = {evaluate} [ {MODULE} {{ services.first-boot-automation ="
            f" {{ enable = true; {options} }}; }} ]; in {{"
            " services = builtins.mapAttrs (_: u: { Service = u.serviceConfig; })"
            " c.systemd.services;"
            " paths = builtins.mapAttrs (_: u: { Path = u.pathConfig; }) c.systemd.paths; }"
        )

    def laid_out(root: Path, options: str) -> Path:
        """The package's units with the module's drop-ins, as NixOS has them in /etc."""
        configured = drop_ins(options)
        nix_units.installed(root, root / "initrd")
        folder = root / "lib" / "systemd" / "system"
        nix_units.without_later_settings(folder)
        for kind, suffix in (("services", "service"), ("paths", "path")):
            for name, sections in configured[kind].items():
                drop_in = folder / f"{name}.{suffix}.d" / "overrides.conf"
                drop_in.parent.mkdir(exist_ok=True)
                store = "/nix/store/00000000000000000000000000000000-first-boot-agent"
                drop_in.write_text(nix_units.rendered(sections).replace(store, str(root)))
        return folder

    @pytest.mark.parametrize(
        "options",
        [
            "",
            'configFile = "/persist/cluster-config.json"; logFormat = "json";',
            'adminPasswordFile = "/run/keys/iam"; enableFlareDB = false;',
            'additionalServices = [ "etcd" ]; configFile = "/persist/cluster-config.json";',
        ],
    )
    def test_units_of_the_agent_are_understood(tmp_path: Path, options: str) -> None:
        folder = laid_out(tmp_path, options)
        names = (*UNITS, INSTANCE)
        assert nix_units.verify(folder, *(f"{name}.service" for name in names)) == ""
        assert nix_units.verify(folder, *(f"{name}.path" for name in names)) == ""
