"""What Prometheus is told about a topology, by its real blackbox exporter."""

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


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Plain nodes, the first of them with a certificate and the files of an installer."""
    nodes = make_nodes(tmp_path)
    stage = Stage(Screen(), nodes)
    names = [f"{node.name}={node.name},{node.address}" for node in nodes[:1]]
    words = [word for name in names for word in ("--node", name)]
    certificates = tmp_path / "certificates"
    subprocess.run(
        [product.standin(), "pki", "--out", certificates, *words], check=True, timeout=60
    )
    stage.prepare(nodes[0], certificates)
    try:
        yield stage
    finally:
        stage.close()


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
                        "ip": node.address,
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


def probe_success(job: dict[str, Any], exporter: str) -> str:
    """The verdict, asked for as Prometheus does after relabeling; empty while nobody answers."""
    (endpoint,) = job["static_configs"]
    asked = {"target": endpoint["targets"][0], "module": job["params"]["module"][0]}
    url = f"http://{exporter}{job['metrics_path']}?{urllib.parse.urlencode(asked)}"
    try:
        with urllib.request.urlopen(url, timeout=waiting.WATCHDOG) as answer:
            lines = answer.read().decode().splitlines()
    except (urllib.error.URLError, ConnectionError):
        return ""
    (verdict,) = [line for line in lines if line.startswith("probe_success ")]
    return str(verdict.partition(" ")[2])


def test_a_service_is_healthy_for_whoever_trusts_its_ca(stage: Stage) -> None:
    node, trusting, doubting = stage.nodes[0], stage.nodes[1], stage.nodes[2]
    exporter, other = f"{trusting.address}:9115", f"{doubting.address}:9115"
    said = f"(builtins.fromJSON {string(json.dumps(topology_of(node)))})"
    job = nix().value(
        f"(import {quoted(LIBRARY)}).scrapeConfig {{ exporter = {string(exporter)}; }} {said}"
    )
    assert job["relabel_configs"][-1]["replacement"] == exporter
    foreign = stage.nodes[0].folder.parent / "foreign"
    subprocess.run([product.standin(), "pki", "--out", foreign], check=True, timeout=60)
    exporter_at(stage, exporter, node.folder / "ca.crt")
    exporter_at(stage, other, foreign / "ca.crt")

    waiting.until(lambda: probe_success(job, exporter) == "0", 60, "nobody listens yet")
    stage.start_services(node)
    waiting.until(lambda: probe_success(job, exporter) == "1", 60, "the service is healthy")
    waiting.until(lambda: probe_success(job, other) == "0", 60, "another CA is no proof of health")
