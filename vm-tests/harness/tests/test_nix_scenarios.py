"""The scenarios under NixOS: the mapping, evaluated, says what the harness does."""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import blueprint, places, product, provision
from harness.nix import EvaluationFailed, nix, quoted
from harness.scenario import all_scenarios

MAPPING = places.VM_TESTS / "nixos" / "scenarios.nix"
PRELUDE = places.VM_TESTS / "nixos" / "prelude.py"
SCENARIOS = {scenario.name: scenario.folder for scenario in all_scenarios(places.SCENARIOS)}
REASONS = {
    name: blueprint.harness_only(folder / "nodes.json") for name, folder in SCENARIOS.items()
}
PLAYED = [name for name, reason in REASONS.items() if reason is None]

#: Methods of a machine in the NixOS test driver (nixpkgs, nixos/lib/test-driver).
DRIVER_METHODS = {
    *("start", "shutdown", "crash", "reboot", "block", "unblock", "wait_for_shutdown"),
    *("succeed", "fail", "execute", "wait_until_succeeds", "wait_until_fails", "systemctl"),
    *("wait_for_unit", "get_unit_info", "get_unit_property", "require_unit_state"),
    *("start_job", "stop_job", "wait_for_file", "wait_for_open_port", "wait_for_closed_port"),
    *("copy_from_host", "switch_root", "wait_for_console_text", "get_console_log"),
}
#: Its globals; `machines` is made by the mapping.
DRIVER_GLOBALS = {"start_all", "join_all", "subtest", "retry", "t", "log", "machines"}
#: What scripts call on other things: texts, lists, the log, unittest.
ORDINARY = {name for kind in (str, list, dict, set, tuple) for name in dir(kind)}
ORDINARY |= {"info", "nested", *(name for name in dir(__import__("unittest").TestCase))}


@cache
def mapping() -> dict[str, Any]:
    """All that the mapping says, but for what cannot be JSON."""
    return nix().value(
        f"builtins.mapAttrs (_: builtins.mapAttrs (_: s: {{ inherit (s) nodes hosts; }}))"
        f" {{ inherit (import {quoted(MAPPING)}) played; }}"
    )["played"]


def test_every_scenario_is_played_or_says_why_not() -> None:
    names = nix().value(
        f"builtins.mapAttrs (_: builtins.attrNames)"
        f" {{ inherit (import {quoted(MAPPING)}) played harnessOnly; }}"
    )
    assert names["played"] == sorted(PLAYED)
    assert names["harnessOnly"] == sorted(set(SCENARIOS) - set(PLAYED))


@pytest.mark.parametrize("name", PLAYED)
def test_nodes_are_what_the_harness_makes_of_them(name: str) -> None:
    nodes = blueprint.read(SCENARIOS[name] / "nodes.json")
    # Nix sorts names, and scripts count on the order of `machines`.
    assert [node.name for node in nodes] == sorted(node.name for node in nodes)
    mapped = mapping()[name]
    assert set(mapped["nodes"]) == {node.name for node in nodes}
    for node in nodes:
        ours = mapped["nodes"][node.name]
        files = ours["files"] | ours["unitFiles"]
        text = files.pop(provision.CONFIG, {"text": None})["text"]
        if isinstance(node.cluster_config, dict):
            assert json.loads(text) == node.cluster_config
        else:
            assert text == node.cluster_config
        for service in node.services:
            arguments = provision.service_arguments(node, service, nodes)
            expected = {"mode": "0644", "text": f"ARGUMENTS={arguments}\n"}
            if f"/etc/default/{service}" not in node.files:
                assert files.pop(f"/etc/default/{service}") == expected
        assert files == {
            path: {"mode": f"{entry.mode:04o}", "text": entry.text}
            for path, entry in node.files.items()
        }
        assert (ours["agent"], ours["services"]) == (node.agent, list(node.services))
        assert f"{node.address} {' '.join(mapped['hosts'][node.address])}" in provision.hosts(nodes)


def test_the_units_that_are_enabled_are_the_same() -> None:
    units = quoted(places.REPOSITORY / "nixos-module" / "lib" / "units.nix")
    names = nix().value(f"builtins.attrNames (import {units}).services")
    assert {f"{name}.service" for name in names} == set(product.AGENT_UNITS)


def imported(tree: ast.AST) -> set[str]:
    """The names that a script imports."""
    imports = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom | ast.Import))
    return {name.asname or name.name for node in imports for name in node.names}


def called(tree: ast.AST) -> Iterator[str]:
    """The names of all methods that a script calls, but for functions of modules."""
    modules = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if not (isinstance(owner, ast.Name) and owner.id in modules):
                yield node.func.attr


def free_names(tree: ast.AST) -> set[str]:
    """What a script reads and nowhere makes."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {name.id for name in names if not isinstance(name.ctx, ast.Load)} | imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            made.add(node.arg)
        if isinstance(node, ast.FunctionDef):
            made.add(node.name)
    return {name.id for name in names} - made - set(dir(builtins))


@pytest.mark.parametrize("name", PLAYED)
def test_scripts_speak_the_drivers_language(name: str) -> None:
    tree = ast.parse((SCENARIOS[name] / "test.py").read_text())
    machines = {node.replace("-", "_") for node in mapping()[name]["nodes"]}
    assert set(called(tree)) - ORDINARY <= DRIVER_METHODS
    assert free_names(tree) <= DRIVER_GLOBALS | machines


def test_the_prelude_uses_what_the_driver_has() -> None:
    tree = ast.parse(PRELUDE.read_text())
    assert free_names(tree) <= DRIVER_GLOBALS


def folder_with(tmp_path: Path, nodes: dict[str, Any]) -> str:
    """The mapping over one scenario of our own."""
    (tmp_path / "nixos").mkdir()
    (tmp_path / "nixos" / "scenarios.nix").write_text(MAPPING.read_text())
    scenario = tmp_path / "scenarios" / "mine"
    scenario.mkdir(parents=True)
    (scenario / "nodes.json").write_text(json.dumps(nodes))
    return f"(import {quoted(tmp_path / 'nixos' / 'scenarios.nix')})"


@pytest.mark.parametrize(
    ("key", "hardware"),
    [
        ("disks", {"disks": []}),
        ("initrd.files", {"boot": "initrd", "initrd": {"agent": True, "files": {}}}),
        ("boot", {"boot": "netboot"}),
    ],
)
def test_hardware_that_nixos_is_not_given_needs_a_reason(
    tmp_path: Path, key: str, hardware: dict[str, Any]
) -> None:
    node = {"address": "10.0.1.10", "hardware": hardware}
    nodes = {"description": "", "nodes": {"node01": node}}
    mapping_of_one = folder_with(tmp_path, nodes)
    with pytest.raises(EvaluationFailed, match=f"hardware.{key}; say harness_only"):
        nix().value(f"{mapping_of_one}.played.mine.nodes.node01.hardware")


def test_an_empty_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nodes.json"
    path.write_text('{"nodes": {}, "harness_only": ""}')
    with pytest.raises(blueprint.BlueprintError, match="expected the reason"):
        blueprint.read(path)
