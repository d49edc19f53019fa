"""The build command of netboot images: what it refuses, and that a PXE root never holds half.

Only Nix is a stand-in: a script that delivers an image as `nix build --out-link` would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import places, qemu_kernel
from harness.waiting import WATCHDOG

COMMAND = places.REPOSITORY / "nixos-module" / "build-images.sh"
#: Everything the command needs beside Nix; the tests give it nothing else.
TOOLS = (
    *("bash", "basename", "cat", "cut", "date", "df", "dirname", "flock", "grep", "head"),
    *("install", "ln", "mkdir", "mv", "od", "readlink", "rm", "stat", "sync", "tail", "tee", "tr"),
)
MB = 1_000_000
#: Smaller than life: every test copies them.
KERNEL_SIZE, INITRD_SIZE = 2 * MB, 3 * MB
EXPECTED_SIZES = f"""\
bzImage {1 * MB} {20 * MB} {2 * MB} {3 * MB}
initrd {1 * MB} {20 * MB} {2 * MB} {4 * MB}
"""
SCRIPT = """\
#!ipxe
kernel bzImage init=/nix/store/x-nixos/init initrd=initrd console=ttyS0,115200 ${cmdline}
initrd initrd
boot
"""
#: Takes the place of Nix: the last image that a test made for the profile is the result.
FAKE_NIX = """\
#!/usr/bin/env bash
set -euo pipefail
echo "nix $*" >>"$FAKE_STORE/calls"
while (($# > 0)); do
  case $1 in
    build) what=${2##*netboot-} ;;
    --out-link) link=$2 ;;
  esac
  shift
done
if [[ -e $FAKE_STORE/fails ]]; then cat "$FAKE_STORE/fails" >&2; exit 1; fi
echo "building netboot-$what"
ln -sfn "$(cat "$FAKE_STORE/$what")" "$link"
"""


class Builder:
    """A place to build in, with a Nix that delivers what the test says."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.tools = folder / "tools"
        self.output = folder / "artifacts"
        self.pxe_root = folder / "images"
        self.store.mkdir()
        self.tools.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None, tool
            (self.tools / tool).symlink_to(found)
        (self.tools / "env").symlink_to("/usr/bin/env")
        nix = self.tools / "nix"
        nix.write_text(FAKE_NIX)
        nix.chmod(0o755)

    def image(self, digest: str, profile: str = "control-plane") -> Path:
        """A good image; the next build of its profile results in it."""
        image = self.store / f"{digest}-netboot-{profile}"
        image.mkdir()
        sparse(image / "bzImage", KERNEL_SIZE, 514, b"HdrS")
        sparse(image / "initrd", INITRD_SIZE, 0, b"070701")
        (image / "netboot.ipxe").write_text(SCRIPT)
        (image / "expected-sizes").write_text(EXPECTED_SIZES)
        (self.store / profile).write_text(str(image))
        return image

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command with nothing but its tools on the PATH."""
        return subprocess.run(
            [self.tools / "bash", COMMAND, "--output-dir", str(self.output), *arguments],
            env={"PATH": str(self.tools), "FAKE_STORE": str(self.store)},
            capture_output=True,
            text=True,
            timeout=WATCHDOG,
        )

    def refused(self, code: int, *arguments: str) -> str:
        """What it says where it must end with this code."""
        ran = self.run(*arguments)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stderr

    def publish(self, profile: str = "control-plane") -> subprocess.CompletedProcess[str]:
        """Build one profile into the PXE root, which must work."""
        ran = self.run("--profile", profile, "--pxe-root", str(self.pxe_root))
        assert ran.returncode == 0, ran.stderr
        return ran

    def served(self) -> list[str]:
        """Everything in the PXE root, hidden files too."""
        return sorted(entry.name for entry in self.pxe_root.iterdir())


def sparse(path: Path, size: int, offset: int, magic: bytes) -> None:
    """A file of that size which costs no disk, with these bytes at that place."""
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(offset)
        file.write(magic)


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    """A fresh place with one good image."""
    place = Builder(tmp_path)
    place.image("aaa")
    return place


def test_a_good_build_is_collected(builder: Builder) -> None:
    ran = builder.run("--profile", "control-plane")
    assert ran.returncode == 0, ran.stderr
    folder = builder.output / "control-plane"
    assert (folder / "bzImage").stat().st_size == KERNEL_SIZE
    assert (folder / "initrd").stat().st_mode & 0o777 == 0o644
    assert (folder / "netboot.ipxe").read_text() == SCRIPT
    assert "building netboot-control-plane" in (folder / "build.log").read_text()
    assert "bzImage: 2.0 MB" in ran.stdout
    assert "initrd: 3.0 MB" in ran.stdout
    assert "note:" not in ran.stdout
    assert [name for name in os.listdir(folder) if name.startswith(".")] == []


def test_all_profiles_are_built_by_default(builder: Builder) -> None:
    builder.image("bbb", "worker")
    builder.image("ccc", "all-in-one")
    ran = builder.run()
    assert ran.returncode == 0, ran.stderr
    assert sorted(os.listdir(builder.output)) == ["all-in-one", "control-plane", "worker"]


def test_another_architecture_and_flake(builder: Builder) -> None:
    image = builder.image("arm")
    (image / "bzImage").unlink()
    sparse(image / "Image", KERNEL_SIZE, 56, b"ARM\x64")
    (image / "expected-sizes").write_text(EXPECTED_SIZES.replace("bzImage", "Image"))
    asked = ("--profile", "control-plane", "--flake", "git+file:///x", "--system", "aarch64-linux")
    assert builder.run(*asked).returncode == 0
    assert (builder.output / "control-plane" / "Image").is_file()
    wanted = "build git+file:///x#packages.aarch64-linux.netboot-control-plane"
    assert wanted in (builder.store / "calls").read_text()


def test_the_kernel_of_debian_is_a_kernel(builder: Builder) -> None:
    image = builder.image("deb")
    shutil.copy(qemu_kernel.kernel().image, image / "bzImage")
    ran = builder.run("--profile", "control-plane")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--profile", "storage"), "no profile storage; it is one of: control-plane worker"),
        (("--profile",), "--profile needs a value"),
        (("--verbose",), "--verbose is no option"),
    ],
)
def test_wrong_usage(builder: Builder, arguments: tuple[str, ...], said: str) -> None:
    assert said in builder.refused(2, *arguments)


def test_help_lists_the_exit_codes(builder: Builder) -> None:
    ran = builder.run("--help")
    assert ran.returncode == 0
    assert "5 an artefact is not what it should be" in ran.stdout


def test_without_nix(builder: Builder) -> None:
    (builder.tools / "nix").unlink()
    assert "nix is not on the PATH" in builder.refused(3)


@pytest.mark.parametrize(
    ("log", "code", "said"),
    [
        ("error: experimental Nix feature 'flakes' is disabled", 3, "experimental-features ="),
        ("error: writing to file: No space left on device", 6, "nix-collect-garbage"),
        ("error: flake does not provide attribute 'x'", 4, "name the flake that has with --flake"),
        ("error: builder for 'x.drv' failed with exit code 2", 4, "failed with exit code 2"),
    ],
)
def test_a_failed_build_is_explained(builder: Builder, log: str, code: int, said: str) -> None:
    (builder.store / "fails").write_text(log)
    assert said in builder.refused(code, "--profile", "control-plane")
    assert log in (builder.output / "control-plane" / "build.log").read_text()


def spoil_kernel_size(image: Path) -> None:
    """A download that was cut off."""
    sparse(image / "bzImage", MB // 2, 514, b"HdrS")


def spoil_initrd_size(image: Path) -> None:
    """More than a ramdisk can be."""
    sparse(image / "initrd", 21 * MB, 0, b"070701")


def spoil_kernel(image: Path) -> None:
    """No kernel at all."""
    sparse(image / "bzImage", KERNEL_SIZE, 0, b"MZ")


def spoil_initrd(image: Path) -> None:
    """An error page of some proxy."""
    sparse(image / "initrd", INITRD_SIZE, 0, b"<html>")


def spoil_script(image: Path) -> None:
    """A script that nobody can add parameters to."""
    (image / "netboot.ipxe").write_text(SCRIPT.replace("${cmdline}", ""))


def lose_initrd(image: Path) -> None:
    """A build that forgot one."""
    (image / "initrd").unlink()


SPOILT = {
    "too small: 0.5 MB, at least 1.0 MB": spoil_kernel_size,
    "too large: 21.0 MB, at most 20.0 MB": spoil_initrd_size,
    "is no x86 Linux kernel": spoil_kernel,
    "is no initrd": spoil_initrd,
    "no parameters could be added": spoil_script,
    "initrd is missing": lose_initrd,
}


@pytest.mark.parametrize("said", SPOILT)
def test_a_wrong_artefact_leaves_the_old_image(builder: Builder, said: str) -> None:
    builder.publish()
    before = builder.served()
    SPOILT[said](builder.image("bad"))
    arguments = ("--profile", "control-plane", "--pxe-root", str(builder.pxe_root))
    assert said in builder.refused(5, *arguments)
    assert builder.served() == before
    assert (builder.pxe_root / "control-plane" / "bzImage").stat().st_size == KERNEL_SIZE
    assert (builder.output / "control-plane" / "initrd").stat().st_size == INITRD_SIZE


def test_one_wrong_profile_holds_all_back(builder: Builder) -> None:
    builder.image("bbb", "worker")
    spoil_kernel(builder.image("ccc", "all-in-one"))
    builder.refused(5, "--pxe-root", str(builder.pxe_root))
    assert not builder.pxe_root.exists()


def test_an_unusual_size_is_a_note(builder: Builder) -> None:
    sparse(builder.image("big") / "initrd", 5 * MB, 0, b"\x28\xb5\x2f\xfd")
    ran = builder.run("--profile", "control-plane")
    assert ran.returncode == 0, ran.stderr
    assert "note: initrd usually has 2.0 MB to 4.0 MB" in ran.stdout


def test_the_pxe_root_changes_in_one_step_and_keeps_the_image_before(builder: Builder) -> None:
    builder.publish()
    link = builder.pxe_root / "control-plane"
    assert os.readlink(link) == "aaa-netboot-control-plane"
    for digest in ("bbb", "ccc"):
        builder.image(digest)
        builder.publish()
        builder.publish()
    assert os.readlink(link) == "ccc-netboot-control-plane"
    kept = ["bbb-netboot-control-plane", "ccc-netboot-control-plane"]
    assert builder.served() == [".build-images.lock", *kept, "control-plane"]
    assert (link / "netboot.ipxe").read_text() == SCRIPT


def test_a_folder_filled_by_hand_is_kept_aside(builder: Builder) -> None:
    by_hand = builder.pxe_root / "control-plane"
    by_hand.mkdir(parents=True)
    (by_hand / "bzImage").write_text("old")
    builder.publish()
    assert (builder.pxe_root / "control-plane.by-hand" / "bzImage").read_text() == "old"
    assert by_hand.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk_leaves_the_old_image(builder: Builder) -> None:
    builder.image("bbb")
    script = f"""
      set -e
      mount -t tmpfs -o size=4m small {builder.pxe_root}
      mkdir {builder.pxe_root}/aaa-netboot-control-plane
      ln -s aaa-netboot-control-plane {builder.pxe_root}/control-plane
      code=0
      PATH={builder.tools} FAKE_STORE={builder.store} {COMMAND} --profile control-plane \\
        --output-dir {builder.output} --pxe-root {builder.pxe_root} || code=$?
      ls -A {builder.pxe_root}
      readlink {builder.pxe_root}/control-plane
      exit "$code"
    """
    builder.pxe_root.mkdir()
    command = ["unshare", "--mount", "bash", "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG)
    assert ran.returncode == 6, ran.stdout + ran.stderr
    assert "free and 5.0 MB are needed; free some" in ran.stderr
    left = ran.stdout.splitlines()[-4:]
    assert left == [
        ".build-images.lock",
        "aaa-netboot-control-plane",
        "control-plane",
        "aaa-netboot-control-plane",
    ]


def test_two_at_a_time(builder: Builder) -> None:
    builder.publish()
    held = ["flock", builder.pxe_root / ".build-images.lock", builder.tools / "bash", COMMAND]
    wanted = ["--profile", "control-plane", "--pxe-root", builder.pxe_root]
    ran = subprocess.run(
        [*held, "--output-dir", builder.output, *wanted],
        env={"PATH": f"{builder.tools}", "FAKE_STORE": str(builder.store)},
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
    )
    assert ran.returncode == 6, ran.stderr
    assert "another build-images works on" in ran.stderr
