"""Builds this repository's programs and lays them over the root file system.

The layer is made again in every lab (it takes a quarter of a second), so that
what is tested is what `make install` installs from the tree as it is now.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from . import ending, places, waiting
from .lab import Lab
from .rootfs import SUITE, USUAL

STANDIN = "/usr/lib/first-boot-tests/cluster-standin"
SYSTEM_UNITS = "/usr/lib/systemd/system"
#: The units of the agent that a node enables; the rest is pulled in by them.
AGENT_UNITS = (
    "chainfire-cluster-join.service",
    "flaredb-cluster-join.service",
    "iam-initial-setup.service",
    "cluster-health-check.service",
)
#: The template for a further service, such as etcd.
JOIN_TEMPLATE = "cluster-join@.service"
#: Where a node finds the packages, and their revisions, the older one first.
PACKAGES = "/root/packages"
PACKAGE_REVISIONS = (1, 2)
#: A finished binary can be given instead of building: NAME=path.
AGENT_VARIABLE = "FIRST_BOOT_AGENT"
TOPOLOGY_VARIABLE = "FIRST_BOOT_TOPOLOGY"
STANDIN_VARIABLE = "CLUSTER_STANDIN"
FAILPOINTS_VARIABLE = "FIRST_BOOT_AGENT_FAILPOINTS"
#: A first build takes minutes on a small host; cargo also waits for other cargos.
BUILD_LIMIT = 1500.0

_built: dict[str, Path] = {}


class CargoMissing(RuntimeError):
    """There is nothing to build with."""

    def __init__(self) -> None:
        super().__init__(
            "cargo is not on PATH (or cannot be run by this user): install Rust 1.95 or newer"
        )


def _build(variable: str, name: str, profile: str, quiet: bool, *chosen: str) -> Path:
    """The binary of this name, of what is chosen: its package where nothing is said."""
    if given := os.environ.get(variable):
        return Path(given).resolve(strict=True)
    if variable not in _built:
        which = chosen or ("--package", name)
        _cargo(["cargo", "build", "--profile", profile, *which], quiet)
        _built[variable] = places.binary(profile, name)
    return _built[variable]


def _cargo(command: list[str], quiet: bool) -> None:
    # A process group of its own: whatever ends us ends its compilers as well.
    try:
        building = subprocess.Popen(
            command,
            cwd=places.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
            process_group=0,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise CargoMissing from error
    try:
        _, said = waiting.patiently(
            lambda seconds: building.communicate(timeout=seconds),
            lambda: waiting.stretched(BUILD_LIMIT),
        )
    except subprocess.TimeoutExpired:
        ending.end(building)
        raise RuntimeError(
            f"`{' '.join(command)}` has not ended in {BUILD_LIMIT:.0f} s, and was killed"
        ) from None
    except BaseException:
        ending.end(building)
        raise
    if building.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed\n{said or ''}")


def agent(quiet: bool = True) -> Path:
    """The agent's release binary, built where it is not up to date."""
    return _build(AGENT_VARIABLE, "first-boot-agent", "release", quiet)


def topology(quiet: bool = True) -> Path:
    """The command that makes configurations of a topology."""
    return _build(TOPOLOGY_VARIABLE, "first-boot-topology", "release", quiet)


def standin(quiet: bool = True) -> Path:
    """The stand-in services' binary, built where it is not up to date."""
    return _build(STANDIN_VARIABLE, "cluster-standin", "standin", quiet)


def failpoints(quiet: bool = True) -> Path:
    """The agent with crash points, built of what the Rust tests are built of."""
    # Choosing the whole workspace gives its crates the features that they have for the tests.
    name = "first-boot-agent"
    which = ("--workspace", "--bin", name, "--features", f"{name}/failpoints")
    built = _build(FAILPOINTS_VARIABLE, name, "dev", quiet, *which)
    # The next build of the tests puts its own binary there.
    kept = places.CACHE / "first-boot-agent-failpoints"
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_name(f"building-{os.getpid()}-failpoints")
    shutil.copy2(built, fresh)
    return fresh.rename(kept)


def layer(
    lab: Lab,
    base: Path,
    say: Callable[[str], None] = lambda _: None,
    from_package: bool = False,
) -> str:
    """Install everything over `base`; returns the `lowerdir=` for the nodes."""
    folder = places.LAB / "product"
    upper, work, root = (folder / part for part in ("upper", "work", "root"))
    lab.run("mkdir", "--parents", *map(str, (upper, work, root)))
    options = f"lowerdir={base},upperdir={upper},workdir={work}"
    lab.run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    if from_package:
        lay_packages(lab, root)
    else:
        install_agent(lab, root)
    install_standins(lab, root)
    hide_nspawn(lab, root)
    # Later journalctl asks /proc for what it writes.
    lab.run("mount", "-t", "proc", "proc", f"{root}/proc")
    lab.run("chroot", str(root), "journalctl", "--update-catalog")
    lab.run("umount", f"{root}/proc")
    lab.run("umount", str(root))
    say("programs installed")
    return f"{upper}:{base}"


def install_agent(lab: Lab, root: Path) -> None:
    """`make install`, exactly as a package would call it."""
    _make(lab, "install", f"DESTDIR={root}", f"AGENT={agent()}")


def lay_packages(lab: Lab, root: Path) -> None:
    """The Debian package, and one that is newer, for a script that installs them."""
    topology()
    for revision in PACKAGE_REVISIONS:
        folder = f"DEB_DIR={root}{PACKAGES}"
        _make(lab, "deb", f"AGENT={agent()}", folder, f"DEB_REVISION={revision}")


def _make(lab: Lab, *words: str) -> None:
    # Called from make itself, its variables would reach this make as well.
    fresh = ["env", "--unset=MAKEFLAGS", "--unset=MAKELEVEL", "--unset=MFLAGS"]
    lab.run(*fresh, "make", "--silent", "-C", str(places.REPOSITORY), *words)


def install_standins(lab: Lab, root: Path) -> None:
    """The stand-in services and their units, which the test nodes alone have."""
    lab.run("install", "-D", "--mode=0755", str(standin()), f"{root}{STANDIN}")
    for unit in sorted(places.UNITS.glob("*.service")):
        _place(lab, unit, f"{root}{SYSTEM_UNITS}/{unit.name}")


def hide_nspawn(lab: Lab, root: Path) -> None:
    """Make a node look like a machine where nspawn shows through (see the files)."""
    if SUITE != USUAL:
        # Later systemd keeps nspawn's own mount in a unit's fresh /proc.
        return
    ours = places.UNITS / "nspawn"
    for unit in (*AGENT_UNITS, JOIN_TEMPLATE):
        _place(lab, ours / "boot-id.conf", f"{root}{SYSTEM_UNITS}/{unit}.d/90-nspawn.conf")
    _place(lab, ours / "boot-id.tmpfiles", f"{root}/usr/lib/tmpfiles.d/first-boot-tests.conf")


def _place(lab: Lab, source: Path, target: str) -> None:
    lab.run("install", "-D", "--mode=0644", str(source), target)
