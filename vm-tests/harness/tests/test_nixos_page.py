"""The page of NixOS and the template that it describes, as far as they go without a NixOS: what
the template says of each node is what the page shows, and the agent accepts it, with the
certificates that the page's own commands make. Bare Nix evaluates; nothing is built.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import nix_checks, places, product
from harness.nix import nix, quoted
from harness.waiting import WATCHDOG

PAGES = places.REPOSITORY / "docs" / "src"
PAGE = PAGES / "how-to" / "nixos.md"
TEMPLATE = nix_checks.MODULE / "template"
PREPARE = nix_checks.MODULE / "prepare-extra-files.sh"
LIB = nix_checks.library()
LATER = '# node04 = "10.0.1.13";'
NODES = ("node01", "node02", "node03", "node04")
#: What the modules of each node say, joined as the module system would join them; the pure part
#: of the agent's module makes the configuration.
CONFIGURATIONS = """
let
  configuration = import {library};
  made = (import {flake}).outputs {{
    nixpkgs.lib = builtins // {{ nixosSystem = given: given.modules; }};
    first-boot.nixosModules.default = {{ }};
  }};
  of = modules: builtins.foldl' configuration.merge {{ }} (
    map (module: if builtins.isFunction module then module {{ pkgs = {{ }}; }} else module) (
      map (module: if builtins.isPath module then import module else module) modules
    )
  );
  generated = config: let agent = config.services.first-boot-automation; in
    configuration.clusterConfig {{
      inherit (config.networking) hostName;
      inherit (agent) settings;
      enable = {{
        chainfire = agent.enableChainfire;
        flaredb = agent.enableFlareDB;
        iam = agent.enableIAM;
      }};
      ports = configuration.usualPorts;
    }};
in
builtins.mapAttrs (_: modules: generated (of modules)) made.nixosConfigurations
"""


def blocks(page: Path, language: str) -> list[str]:
    """What a page shows of a language."""
    fenced = rf"^```{language}\n(.*?)^```$"
    return re.findall(fenced, page.read_text(), re.MULTILINE | re.DOTALL)


def template(folder: Path) -> Path:
    """The template, with the fourth node that the page adds to it."""
    made = Path(shutil.copytree(TEMPLATE, folder / "template"))
    flake = (made / "flake.nix").read_text()
    assert LATER in flake
    (made / "flake.nix").write_text(flake.replace(LATER, LATER.removeprefix("# ")))
    shutil.copy(made / "node03.nix", made / "node04.nix")
    return made


def configurations(folder: Path) -> dict[str, dict[str, Any]]:
    """The configuration of each node of the template."""
    library = quoted(nix_checks.MODULE / "lib" / "config.nix")
    flake = quoted(template(folder) / "flake.nix")
    made: dict[str, dict[str, Any]] = nix().value(
        CONFIGURATIONS.format(library=library, flake=flake)
    )
    return made


def ran(folder: Path, *command: str | Path, path: str = "/usr/bin:/bin") -> str:
    """What a command says, which must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_nix_page_shows_the_configurations_of_the_template(tmp_path: Path) -> None:
    made = configurations(tmp_path)
    assert tuple(made) == NODES
    shown = {config["node_id"]: config for config in map(json.loads, blocks(PAGE, "json"))}
    assert shown == {name: made[name] for name in ("node01", "node04")}
    for name, config in made.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        said = ran(tmp_path, product.agent(), "config", "validate", "--strict", path)
        assert said == f"{path}: valid for {name}\n"


def test_the_nix_page_makes_certificates_that_fit(tmp_path: Path) -> None:
    """As for a fourth node later: the CA stays, and the first nodes' are made again."""
    made = configurations(tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "first-boot-agent").symlink_to(product.agent())
    (tmp_path / "cluster").mkdir()
    commands = blocks(PAGE, "bash")[0]
    ran(tmp_path / "cluster", "bash", "-euo", "pipefail", "-c", commands)
    of_the_ca = (tmp_path / "secrets" / "ca.crt").read_text()
    fourth = commands.replace("node03 10.0.1.12\n", "node03 10.0.1.12\nnode04 10.0.1.13\n")
    ran(tmp_path / "cluster", "bash", "-euo", "pipefail", "-c", fourth)
    assert (tmp_path / "secrets" / "ca.crt").read_text() == of_the_ca
    for name, config in made.items():
        path = tmp_path / "secrets" / f"{name}.json"
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        tools = f"{tmp_path / 'tools'}:/usr/bin:/bin"
        said = ran(tmp_path, PREPARE, name, tmp_path / "extra" / name, path=tools)
        assert "is ready" in said and "warning" not in said.lower(), said


def test_the_nix_blocks_of_the_pages_parse(tmp_path: Path) -> None:
    # Those of the reference are values of its options.
    pages = [page for page in PAGES.rglob("*.md") if page.parent.name != "reference"]
    files = []
    for block in (block for page in sorted(pages) for block in blocks(page, "nix")):
        # A few lines out of a module stand for the module.
        whole = block if re.match(r"(#.*\n)*(\{|let)", block) else f"{{ {block} }}"
        files.append(tmp_path / f"{len(files)}.nix")
        files[-1].write_text("{ config, pkgs, first-boot, first-boot-agent }:\n" + whole)
    assert files
    nix().parse(files)


# As in test_nix_files: without a `lib`, absent. What the stubs have not of NixOS is left out.
if LIB:
    OTHERS = re.compile(r"inputs|/path/to|boot\.loader")
    MODULES = [block for block in blocks(PAGE, "nix") if not OTHERS.search(block)]

    @pytest.mark.parametrize("module", MODULES, ids=range(len(MODULES)))
    def test_the_nix_page_names_options_that_exist(module: str, tmp_path: Path) -> None:
        (tmp_path / "module.nix").write_text(module)
        for name in re.findall(r" \./([\w./-]+)", module):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("{ }")
        stubs = quoted(nix_checks.TESTS / "stubs" / "nixos.nix")
        evaluated = f"(import {stubs} {{ lib = import {quoted(LIB)}; }})"
        given = f"[ {quoted(nix_checks.MODULE)} {quoted(tmp_path / 'module.nix')} ]"
        assert nix().value(f"({evaluated} {given}).warnings") == []
