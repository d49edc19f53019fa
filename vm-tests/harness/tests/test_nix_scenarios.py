"""The scenarios under NixOS: the mapping, evaluated, says what the harness does."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import blueprint, places, product, provision
from harness.nix import EvaluationFailed, nix, quoted
from harness.scenario import all_scenarios

MAPPING = places.VM_TESTS / "nixos" / "scenarios.nix"
SCENARIOS = {scenario.name: scenario.folder for scenario in all_scenarios(places.SCENARIOS)}
REASONS = {
    name: blueprint.harness_only(folder / "nodes.json") for name, folder in SCENARIOS.items()
}
PLAYED = [name for name, reason in REASONS.items() if reason is None]

#: What the NixOS test driver gives a script.
DRIVER = places.VM_TESTS / "nixos" / "driver.pyi"


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
    # Nix sorts names, and scripts count on the order of `nodes`.
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


def driver_globals() -> list[str]:
    """The functions and objects of the driver, by name."""
    names = [
        getattr(node, "name", None) or getattr(getattr(node, "target", None), "id", None)
        for node in ast.parse(DRIVER.read_text()).body
    ]
    return [name for name in names if name is not None and name not in ("Machine", "Logger")]


def script_of(name: str) -> tuple[list[str], str]:
    """The machines of a test, and its script, as Nix puts it together."""
    machines = [node.replace("-", "_") for node in sorted(mapping()[name]["nodes"])]
    first = f"nodes = [{', '.join(machines)}]"
    return machines, f"{first}\n{(SCENARIOS[name] / 'test.py').read_text()}"


def mypy(folder: Path, scripts: dict[str, tuple[list[str], str]]) -> str:
    """What mypy has to say of scripts, given what the driver gives them."""
    (folder / "driver.pyi").write_text(DRIVER.read_text())
    given = f"from driver import Machine, {', '.join(driver_globals())}"
    for name, (machines, script) in scripts.items():
        hints = "".join(f"{machine}: Machine\n" for machine in machines)
        (folder / f"{name.replace('-', '_')}.py").write_text(f"{given}\n{hints}{script}")
    # The driver's own options, and what is within functions as well.
    options = ["--no-implicit-optional", "--check-untyped-defs", "--no-incremental"]
    checked = subprocess.run(
        ["mypy", *options, "--no-color-output", *sorted(map(str, folder.glob("*.py")))],
        cwd=folder, capture_output=True, text=True, timeout=600,
    )
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


def test_scripts_are_typed_as_the_driver_types_them(tmp_path: Path) -> None:
    assert not mypy(tmp_path, {name: script_of(name) for name in PLAYED})


@pytest.mark.parametrize(
    "wrong",
    [
        "node01.power_on()",
        "node01.wait_for_unit('a.service', timout=3)",
        "retry(lambda last: True, timeout=3)",
        "def helper():\n    node01.power_on()",
        "for node in nodes:\n    node.start(reboot=True)",
    ],
)
def test_a_script_that_the_driver_would_not_take_is_found(tmp_path: Path, wrong: str) -> None:
    assert "error:" in mypy(tmp_path, {"wrong": (["node01"], f"nodes = [node01]\n{wrong}\n")})


def methods_of(machine: ast.AST) -> set[str]:
    """The methods that the driver's machine has here."""
    return {node.name for node in ast.walk(machine) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", PLAYED)
def test_parameters_without_a_type_are_machines(name: str) -> None:
    """mypy knows nothing of them; what is called on one is held to be the driver's, or ordinary."""
    (machine,) = [
        node
        for node in ast.parse(DRIVER.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "Machine"
    ]
    for function in ast.walk(ast.parse(script_of(name)[1])):
        if not isinstance(function, ast.FunctionDef):
            continue
        parameters = {argument.arg for argument in function.args.args}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in parameters
            ):
                assert node.func.attr in methods_of(machine) | set(dir(str)) | set(dir(dict))


@pytest.mark.parametrize("name", PLAYED)
def test_scripts_are_linted_as_the_driver_lints_them(name: str) -> None:
    machines, script = script_of(name)
    known = ",".join([*driver_globals(), *machines])
    linted = subprocess.run(
        ["pyflakes3"], input=script, env={**os.environ, "PYFLAKES_BUILTINS": known},
        capture_output=True, text=True, timeout=600,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


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
