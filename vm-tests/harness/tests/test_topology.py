"""The topology in Nix and in Rust: of any topology both say the same, byte for byte.

The golden files hold both to what is known; here the two are asked about topologies that nobody
has written: sound ones with a few things changed by chance, the same ones in every run.
"""

from __future__ import annotations

import copy
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import nix_checks, product
from harness.nix import nix, quoted
from harness.waiting import WATCHDOG

TABLE = nix_checks.TESTS / "topology" / "good"
LIBRARY = quoted(nix_checks.MODULE / "lib" / "topology")
COUNT = 400
#: What a hand may write in place of something else.
ODDITIES: tuple[Any, ...] = (
    *(None, True, False, 0, 7, -1, 2380, 65536, "", " ", "x", [], {}, ["node01"], [1], {"a": 1}),
    *("10.0.1.10", "10.0.1.11", "10.0.1.010", "10.0.1.256", "169.254.0.1", "0.0.0.0"),
    *("fd00::10", "FD00:0:0::10", "::", "::1", "1::2::3", "fd00:::1", "fe80::1", "::ffff:a00:1"),
    *("10.0.1.0/24", "0.0.0.0/0", "fd00::/9", "fd00::/129", "10.0.1.0/", "/24", "10.0.1.0/024"),
    *("control-plane", "worker", "all-in-one", "node01", "node02", "node.1", "Node", "-", "a b"),
    *("52:54:00:00:01:0a", "52:54:00:00:01:0A", "01:00:5e:00:00:01", "52:54:00:00:01"),
    *("/dev/disk/by-id/a", "/dev/disk/by-id/a-part1", "/dev/disk/by-id/", "/dev/sda"),
    *("/dev/disk/by-id/wwn-0x5000C500A1B2C3D4", "/dev/disk/by-id/scsi-35000c500a1b2c3d4"),
    *("/dev/disk/by-id/nvme-a_1", "/dev/disk/by-id/nvme-a", "/dev/disk/by-id/virtio-a"),
    *("10.0.1.0", "10.0.1.255", "fd00::", "localhost", "lab.localhost", "10", "0x1f", "Osaka-1"),
    *("/nix/store", "/nix/stores", "/etc/", "/etc/..", "prod.example.com", "a..b", "1", "é", "東"),
    *("line\nbreak", "{found}", "${ip}", 'a"b\\c', "\u0007", "iam", "flaredb", "chainfire"),
    *(["chainfire"], ["chainfire", "flaredb", "iam"], ["iam", "nope"], ["node02", "node01"]),
    *({"services": {"chainfire": {"raft_port": 12380}}}, {"node_id": "x"}, {"services": 5}),
)


#: Keys that a hand may add, wherever.
KEYS = (
    *("bootstrap", "disk", "domain", "ip", "leader", "mac", "node01", "peers", "services", "x y"),
    *("Node01", "10", "localhost", "PROD-CLUSTER"),
)


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places_in(value[key])


def changed(topology: Any, chance: random.Random) -> Any:
    """A topology with one to four things in its clusters changed, left out, copied or added."""
    topology = copy.deepcopy(topology)
    for _ in range(chance.randint(1, 4)):
        found = [place for place in places_in(topology) if place[0] is not topology]
        if not found:
            break
        (container, key), (source, other) = chance.choice(found), chance.choice(found)
        what = chance.choice(("change", "change", "leave out", "copy", "add"))
        if what == "change":
            container[key] = chance.choice(ODDITIES)
        elif what == "leave out":
            del container[key]
        elif what == "copy":
            container[key] = copy.deepcopy(source[other])
        elif isinstance(container, dict):
            container[chance.choice(KEYS)] = chance.choice((container[key], *ODDITIES))
    return topology


def large(count: int) -> dict[str, Any]:
    """Topologies of so many nodes, one for each way to be large: `topology/tests.rs` in Nix."""
    names = [f"node{number:04}" for number in range(count)]

    def cluster(more: dict[str, Any], **options: Any) -> dict[str, Any]:
        addresses = (f"10.0.{number // 200}.{number % 200 + 1}" for number in range(count))
        nodes = {
            name: {"role": "control-plane", "ip": address, **more}
            for name, address in zip(names, addresses, strict=True)
        }
        return {"clusters": {"lab": {"nodes": nodes, **options}}}

    node = {"role": "all-in-one", "ip": "10.0.1.1"}
    return {
        "sound": cluster({}),
        "one address": cluster({"ip": "10.0.0.1"}),
        "one hardware address": cluster({"mac": "52:54:00:00:00:01"}),
        "everybody bootstraps": cluster({"bootstrap": True}),
        "everybody is a peer": cluster({}, peers=names),
        "the peers are unknown": cluster({}, peers=[f"other{name}" for name in names]),
        "one address in many sites": {
            "clusters": {f"site-{name}": {"site": name, "nodes": {name: node}} for name in names}
        },
    }


def in_rust(binary: Path, topology: str) -> tuple[list[str], dict[str, Any]]:
    """The problems that the command reports, and the configurations that it prints."""
    command = [str(binary), "render", "-"]
    done = subprocess.run(
        command, input=topology, capture_output=True, text=True, timeout=WATCHDOG
    )
    assert done.returncode in (0, 78), done.stderr
    problems = [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")]
    return problems, json.loads(done.stdout) if done.returncode == 0 else {}


@pytest.fixture(scope="module")
def command() -> Path:
    """The command, built where it is not up to date."""
    return product.topology()


@pytest.mark.parametrize("name", ["topology", "topology-two-sites"])
def test_an_example_is_accepted_by_the_agent_itself(command: Path, name: str) -> None:
    example = quoted(nix_checks.MODULE / "examples" / f"{name}.nix")
    problems, configs = in_rust(command, json.dumps(nix().value(f"(import {example}).nix-nos")))
    assert problems == []
    in_nix = f"(import {LIBRARY}).nodesOf (import {example}).nix-nos"
    assert configs == nix().value(f"builtins.mapAttrs (_: node: node.config) ({in_nix})")


def test_f39_twice_the_nodes_are_twice_the_work_in_nix(tmp_path: Path) -> None:
    file = tmp_path / "topology.json"
    work = f"""
        let
          topology = import {LIBRARY};
          value = builtins.fromJSON (builtins.readFile {quoted(file)});
          problems = topology.problems value;
        in
        if problems != [ ] then problems
        else builtins.mapAttrs (_: node: node.configText) (topology.nodesOf value)
    """
    pairs = zip(large(100).items(), large(200).values(), strict=True)
    for (name, small), larger in pairs:
        counts = []
        for topology in (small, larger):
            file.write_text(json.dumps(topology))
            counts.append(nix().work(work))
        assert counts[1] <= 2 * counts[0], f"{name}: {counts[0]} calls became {counts[1]}"


def test_f39_twice_the_nodes_are_twice_the_work_of_a_pxe_server(tmp_path: Path) -> None:
    file = tmp_path / "nodes.json"
    server = quoted(nix_checks.MODULE / "lib" / "pxe")
    work = f"""
        (import {server}).pxe-config {{
          serverAddress = "10.0.0.2";
          subnets.cluster = {{ interface = "eth1"; network = "10.0.0.0/16"; }};
          nodes = builtins.fromJSON (builtins.readFile {quoted(file)});
        }}
    """
    counts = []
    for count in (100, 200):
        nodes = {
            f"node{number:03}": {
                "mac": f"52:54:00:00:00:{number:02x}",
                "profile": "worker",
                "address": f"10.0.1.{number}",
            }
            for number in range(count)
        }
        file.write_text(json.dumps(nodes))
        counts.append(nix().work(work))
    assert counts[1] <= 2 * counts[0], f"{counts[0]} calls became {counts[1]}"


def test_both_say_the_same_of_any_topology(command: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    sound = [json.loads(path.read_text()) for path in sorted(TABLE.glob("*.json"))]
    topologies = [changed(chance.choice(sound), chance) for _ in range(COUNT)]
    file = tmp_path / "topologies.json"
    file.write_text(json.dumps(topologies))
    judged = nix().value(
        f"""
        let topology = import {LIBRARY}; in
        map (value:
          let problems = topology.problems value; in {{
            inherit problems;
            configs = if problems != [ ] then {{ }}
              else builtins.mapAttrs (_: node: node.config) (topology.nodesOf value);
          }}
        ) (builtins.fromJSON (builtins.readFile {quoted(file)}))
        """
    )
    wrong = refused = 0
    for topology, in_nix in zip(topologies, judged, strict=True):
        problems, configs = in_rust(command, json.dumps(topology))
        # What only the agent's own check knows, NixOS has it say when the system is built.
        others = [line for line in problems if not line.endswith("[config]")]
        assert others == in_nix["problems"], json.dumps(topology, ensure_ascii=False)
        wrong += bool(others)
        refused += problems != others
        if not problems:
            assert configs == in_nix["configs"], json.dumps(topology, ensure_ascii=False)
    print(f"{COUNT} topologies: {wrong} wrong, {refused} refused by the agent, the others sound")
    assert COUNT * 0.2 < wrong < COUNT * 0.95
