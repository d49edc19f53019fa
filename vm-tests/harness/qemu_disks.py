"""Makes images of disks: tables, partitions, file systems, and what is broken in them.

Without loop devices, which not every host has: the table is written by fdisk on the image,
and each file system is made in a file of its own and copied to where its partition begins.
Must not know what the disks are for.
"""

from __future__ import annotations

from pathlib import Path

from .hardware_disks import Disk, ExtraFile, Partition
from .lab import COMMAND_LIMIT, Lab

MIB = 1 << 20
#: The header of a GPT is in LBA 1, its copy in the last one.
HEADER_BYTES = 92
ROOT_MIB, ESP_MIB = 1024, 16
MBR_TYPES = {"esp": "ef", "linux": "83"}


def script(disk: Disk) -> str:
    """The layout as sfdisk writes it down: each partition begins where the last one ends."""
    lines = ["label: dos" if disk.table == "mbr" else "label: gpt"]
    start = 1
    for part in disk.partitions:
        sectors = MIB // disk.sector_size
        place = f"start={start * sectors}, size={part.size_mib * sectors}"
        if disk.table == "mbr":
            lines.append(f"{place}, type={MBR_TYPES[part.type]}")
        else:
            lines.append(f'{place}, type={part.guid}, name="{part.label}"')
        start += part.size_mib
    return "\n".join(lines) + "\n"


def make(lab: Lab, disk: Disk, image: Path) -> None:
    """Make the image of a disk at a path inside the lab."""
    lab.run("truncate", f"--size={disk.size_mib}M", str(image))
    if disk.table == "none":
        return
    layout = image.with_suffix(".layout")
    lab.path(layout).write_text(script(disk))
    # sfdisk of Debian 12 has no option for the sector size; fdisk reads its scripts as well.
    fdisk = f"printf 'I\\n%s\\nw\\n' {layout} | fdisk --sector-size {disk.sector_size} {image}"
    lab.run("sh", "-ec", fdisk)
    start = 1
    for part in disk.partitions:
        if part.filesystem is not None:
            made = image.with_suffix(".fs")
            make_filesystem(lab, part, disk.sector_size, made)
            place(lab, made, image, start)
        start += part.size_mib
    if disk.table.startswith("gpt-broken"):
        break_header(lab, disk, image)


def make_root(lab: Lab, root: Path, image: Path, layout: str) -> None:
    """The disk of the root file system: nothing but it, or an ESP and it in a GPT."""
    filesystem = image if layout == "plain" else image.with_suffix(".part")
    mke2fs = ("mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", str(root), str(filesystem))
    lab.run(*mke2fs, f"{ROOT_MIB}M", limit=2 * COMMAND_LIMIT)
    if layout == "gpt":
        esp = Partition(ESP_MIB, label="esp", type="esp", filesystem="vfat")
        parts = (esp, Partition(ROOT_MIB, label="root"))
        size = ESP_MIB + ROOT_MIB + 2
        make(lab, Disk("root", size, partitions=parts), image)
        place(lab, filesystem, image, 1 + ESP_MIB)


def make_filesystem(lab: Lab, part: Partition, sector_size: int, image: Path) -> None:
    """A file system with the files of a partition, in a file of its own."""
    staged = image.with_suffix(".files")
    lab.run("rm", "--recursive", "--force", str(image), str(staged))
    write_files(lab, staged, part.files)
    lab.run("truncate", f"--size={part.size_mib}M", str(image))
    label = part.label[:11] if part.filesystem == "vfat" else part.label[:16]
    if part.filesystem == "vfat":
        name = ("-n", label) if label else ()
        lab.run("mkfs.vfat", "-S", str(sector_size), *name, str(image))
        for path in sorted(lab.path(staged).iterdir()):
            lab.run("mcopy", "-s", "-i", str(image), str(staged / path.name), f"::{path.name}")
    else:
        make = ("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-L", label, "-d", str(staged))
        lab.run(*make, str(image))
    lab.run("rm", "--recursive", str(staged))


def write_files(lab: Lab, folder: Path, files: dict[str, ExtraFile]) -> None:
    """Lay files out below a folder."""
    lab.path(folder).mkdir()
    for path, extra in files.items():
        target = lab.path(folder / path.lstrip("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(extra.text)
        target.chmod(extra.mode)


def place(lab: Lab, made: Path, image: Path, start_mib: int) -> None:
    """Move a file system to its place on the disk, as many MiB behind its beginning."""
    copy = ("dd", f"if={made}", f"of={image}", "bs=1M", f"seek={start_mib}")
    lab.run(*copy, "conv=notrunc,sparse", "status=none", limit=2 * COMMAND_LIMIT)
    lab.run("rm", str(made))


def break_header(lab: Lab, disk: Disk, image: Path) -> None:
    """Zero one of the two headers of the table."""
    size = disk.size_mib * MIB
    at = disk.sector_size if disk.table == "gpt-broken-primary" else size - disk.sector_size
    with lab.path(image).open("r+b") as raw:
        raw.seek(at)
        raw.write(bytes(HEADER_BYTES))
