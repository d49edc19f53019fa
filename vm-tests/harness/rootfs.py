"""The root file system that all nodes share, made once and kept.

A plain Debian with what the commands of the first-boot specification need; nothing of
this project is in it (see `product`). Must not be written to once unpacked.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .made_once import FROZEN, MIRROR, made_once, run

#: The Debian that all is tested on.
USUAL = "bookworm"
#: The one with the newest systemd, on which `make test` runs some scenarios a second time. Another
#: one, such as testing, can be said: NEWEST=testing make test.
NEWEST = os.environ.get("NEWEST", "forky")
#: Another Debian, thus another systemd: make scenarios SUITE=trixie.
SUITE = os.environ.get("SUITE", USUAL)
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "procps"),
    *("iproute2", "iputils-ping", "iptables", "dnsmasq-base"),
    *("curl", "jq", "ca-certificates"),
    # What emulated machines read their disks with, and what their initrd is made of.
    *("fdisk", "kmod"),
    # Later systemd loads it where it is there, and goes without any filter where it is not.
    "libseccomp2",
)
#: A node boots in a third of a second; timers and wizards would only disturb it.
MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer"),
    *("e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer"),
    *("systemd-firstboot.service", "console-getty.service"),
)
WITHOUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
#: Raise when the recipe below changes in a way that the lists above do not show.
RECIPE = 1
OTHERS = "SUITE=trixie make scenarios, NEWEST=trixie make test"
#: It takes half a minute where the mirror is near.
MAKING_LIMIT = 900.0


@dataclass(frozen=True)
class Variant:
    """A root file system of its own for nodes that need more; the others stay small."""

    packages: tuple[str, ...] = ()
    #: What their scripts enable: a node that wants it says so.
    disabled: tuple[str, ...] = ()


PLAIN = Variant()
ETCD = Variant(("etcd-server", "etcd-client"), ("etcd.service",))


def key(variant: Variant = PLAIN) -> str:
    """Names the content: another recipe is another root file system."""
    recipe = repr((RECIPE, SUITE, PACKAGES, MASKED, WITHOUT))
    if variant != PLAIN:
        recipe += repr((variant.packages, variant.disabled))
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def command(tarball: Path, variant: Variant = PLAIN) -> list[str]:
    """The mmdebstrap call; in namespaces of its own, so that a kill ends it all."""
    hooks = [
        f'systemctl --root="$1" mask --quiet {" ".join(MASKED)}',
        'rm -f "$1/etc/hostname" "$1/etc/resolv.conf" "$1/etc/machine-id"',
        'touch "$1/etc/resolv.conf" "$1/etc/machine-id"',
        # Its presence makes the journal persistent: a reboot is looked back over.
        'mkdir -p "$1/var/log/journal"',
        'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/cache/debconf/*',
    ]
    if variant.disabled:
        hooks.append(f'systemctl --root="$1" disable --quiet {" ".join(variant.disabled)}')
    return [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--variant=minbase"),
        f"--include={','.join(PACKAGES + variant.packages)}",
        *FROZEN,
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in WITHOUT),
        *(f"--customize-hook={hook}" for hook in hooks),
        *(SUITE, str(tarball)),
    ]


def _build(work: Path, say: Callable[[str], None], variant: Variant) -> Path:
    """Make the tarball."""
    packages = f"{len(PACKAGES)} packages{''.join(f', {name}' for name in variant.packages)}"
    say(f"making the root file system ({SUITE}, {packages}; once)")
    started = time.monotonic()
    tarball = work / "base.tar"
    hint = f"{MIRROR} its {SUITE} may be changing just now; another suite can be said: {OTHERS}"
    run(command(tarball, variant), hint, MAKING_LIMIT, {"TMPDIR": str(work)})
    say(f"root file system made, {time.monotonic() - started:.0f} s")
    return tarball


def systemd(root: Path) -> int:
    """The version of the systemd that is installed below a root."""
    found = root.glob("usr/lib/*/systemd/libsystemd-shared-*.so")
    versions = [int(number) for path in found for number in re.findall(r"-(\d+)", path.name)[:1]]
    if not versions:
        raise RuntimeError(f"no systemd below {root}")
    return max(versions)


def base(say: Callable[[str], None], variant: Variant = PLAIN) -> Path:
    """The unpacked root file system, made first where it is missing."""
    name = f"base-{key(variant)}"
    tarball = made_once(f"{name}.tar", lambda work: _build(work, say, variant))

    def unpack(work: Path) -> Path:
        """All files, with owners and modes."""
        root = work / "root"
        root.mkdir()
        run(["tar", "-xf", str(tarball), "-C", str(root)], "is the disk full?", MAKING_LIMIT)
        return root

    return made_once(name, unpack)
