"""What Prometheus learns about a topology, by its real blackbox exporter."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import places, product, unpacked, waiting
from harness.loopback import PlainNode, make_nodes
from harness.nix import nix, quoted, string
from harness.screen import Screen
from harness.stage import Stage

LIBRARY = places.REPOSITORY / "nixos-module" / "lib" / "monitoring.nix"
SUITE = "bookworm"
EXPORTER = "prometheus-blackbox-exporter"
#: A topology takes no address of loopback, where the service of the test is.
ADDRESS = "10.0.1.10"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Plain nodes, the last of them with a certificate and the files of an installer."""
    nodes = make_nodes(tmp_path)
    stage = Stage(Screen([node.name for node in nodes]), nodes)
    node, certificates = nodes[-1], tmp_path / "certificates"
    make_certificates(certificates, "--node", f"{node.name}={node.name},{node.address}")
    stage.prepare(node, certificates)
    try:
        yield stage
    finally:
        stage.close()


def make_certificates(folder: Path, *words: str) -> None:
    """A CA, and what it has signed."""
    subprocess.run([product.standin(), "pki", "--out", folder, *words], check=True, timeout=60)


def topology_of(node: PlainNode) -> dict[str, Any]:
    """One node that runs chainfire, at its port of today."""
    port = int(node.api("chainfire").rpartition(":")[2])
    return {
        "clusters": {
            "demo": {
                "extraConfig": {"services": {"chainfire": {"api_port": port}}},
                "nodes": {
                    node.name: {
                        "role": "control-plane",
                        "bootstrap": True,
                        "ip": ADDRESS,
                        "services": ["chainfire"],
                    }
                },
            }
        }
    }


def exporter_at(stage: Stage, listen: str, ca: Path) -> None:
    """The exporter, with the configuration that the module gives it."""
    text = nix().value(f"(import {quoted(LIBRARY)}).blackbox {{ caFile = {string(str(ca))}; }}")
    config = ca.parent / f"{ca.name}.blackbox.json"
    config.write_text(json.dumps(text))
    root = unpacked.folder("blackbox", SUITE, (EXPORTER,), print)
    program = str(root / "usr" / "bin" / EXPORTER)
    arguments = [f"--config.file={config}", f"--web.listen-address={listen}"]
    stage.start([program, *arguments], subprocess.DEVNULL)


def probe_success(job: dict[str, Any], node: PlainNode, exporter: str) -> str:
    """The verdict, asked for as Prometheus does after relabeling; empty while nobody answers."""
    ((target,),) = (endpoint["targets"] for endpoint in job["static_configs"])
    assert ADDRESS in target
    target = target.replace(ADDRESS, node.address)
    asked = {"target": target, "module": job["params"]["module"][0]}
    url = f"http://{exporter}{job['metrics_path']}?{urllib.parse.urlencode(asked)}"
    try:
        with urllib.request.urlopen(url, timeout=waiting.WATCHDOG) as answer:
            lines = answer.read().decode().splitlines()
    except (urllib.error.URLError, ConnectionError):
        return ""
    (verdict,) = [line for line in lines if line.startswith("probe_success ")]
    return str(verdict.partition(" ")[2])


def test_a_service_is_healthy_for_a_client_that_trusts_its_ca(stage: Stage, tmp_path: Path) -> None:
    one, two, _, node = stage.nodes
    trusting, doubting = f"{one.address}:9115", f"{two.address}:9115"
    said = f"(builtins.fromJSON {string(json.dumps(topology_of(node)))})"
    library = f"(import {quoted(LIBRARY)})"
    job = nix().value(f"{library}.scrapeConfig {{ exporter = {string(trusting)}; }} {said}")
    assert job["relabel_configs"][-1]["replacement"] == trusting
    make_certificates(tmp_path / "foreign")
    exporter_at(stage, trusting, node.folder / "ca.crt")
    exporter_at(stage, doubting, tmp_path / "foreign" / "ca.crt")

    def verdict(exporter: str, expected: str) -> bool:
        return probe_success(job, node, exporter) == expected

    waiting.until(lambda: verdict(trusting, "0"), 60, "nobody listens yet")
    stage.start_services(node)
    waiting.until(lambda: verdict(trusting, "1"), 60, "the service is healthy")
    waiting.until(lambda: verdict(doubting, "0"), 60, "another CA is no proof of health")
