"""What the systemd initrd of QEMU machines holds: names and nothing else.

About what NixOS puts into its own; `qemu_initrd` takes it out of Debian's packages. What
is changed here makes another initrd.
"""

from __future__ import annotations

#: What systemd calls, what a unit may call, and what a shell in the initrd is there for.
PROGRAMS = (
    *("systemctl", "journalctl", "udevadm", "systemd-tmpfiles", "systemd-creds", "kmod"),
    # What an emergency waits in; without it, systemd would go on as if it were over.
    "sulogin",
    *("mount", "umount", "blkid", "lsblk", "sfdisk", "losetup", "ip", "bash"),
    *("cat", "cp", "cut", "date", "dd", "env", "grep", "head", "id", "ln", "ls", "mkdir", "mv"),
    *("readlink", "rm", "sed", "sha256sum", "sleep", "sort", "stat", "sync", "tail", "tar", "test"),
    *("timeout", "touch", "tr", "true", "uname", "wc"),
)
#: Below /usr/lib/systemd. systemd-fsck is missing on purpose: what is checked is up to the root.
HELPERS = (
    *("systemd", "systemd-journald", "systemd-modules-load", "systemd-executor"),
    # 99-systemd.rules calls it for each network interface.
    "systemd-sysctl",
    *("systemd-sulogin-shell", "systemd-shutdown", "systemd-sysroot-fstab-check"),
    *("system-generators/systemd-fstab-generator", "system-generators/systemd-debug-generator"),
)
#: Libraries that later systemd looks for when it needs them: its programs are not linked with them.
SOUGHT = (
    *("libacl.so.1", "libblkid.so.1", "libkmod.so.2", "libmount.so.1", "libseccomp.so.2"),
)
#: Names that stand for kmod.
KMOD = ("modprobe", "insmod", "lsmod", "depmod")
UNITS = (
    *("basic.target", "ctrl-alt-del.target", "emergency.service", "emergency.target"),
    *("final.target", "halt.target", "kexec.target", "kmod-static-nodes.service"),
    *("initrd-cleanup.service", "initrd-fs.target", "initrd-parse-etc.service"),
    *("initrd-root-device.target", "initrd-root-fs.target", "initrd-switch-root.service"),
    *("initrd-switch-root.target", "initrd-udevadm-cleanup-db.service", "initrd.target"),
    *("initrd-usr-fs.target", "local-fs-pre.target", "local-fs.target", "modprobe@.service"),
    *("network-online.target", "network-pre.target", "network.target", "paths.target"),
    *("poweroff.target", "reboot.target", "rescue.target", "shutdown.target", "slices.target"),
    *("sockets.target", "swap.target", "sysinit.target", "systemd-halt.service"),
    *("systemd-journald-dev-log.socket", "systemd-journald.service", "systemd-journald.socket"),
    *("systemd-modules-load.service", "systemd-poweroff.service", "systemd-reboot.service"),
    *("systemd-tmpfiles-setup-dev.service", "systemd-udev-settle.service"),
    *("systemd-udev-trigger.service", "systemd-udevd-control.socket"),
    *("systemd-udevd-kernel.socket", "systemd-udevd-varlink.socket", "systemd-udevd.service"),
    *("time-set.target", "timers.target", "umount.target"),
)
#: Started with sysinit.target; Debian's links would ask for more.
WANTED = {
    "sysinit.target": (
        *("systemd-journald.service", "systemd-modules-load.service", "systemd-udevd.service"),
        *("systemd-udev-trigger.service", "systemd-tmpfiles-setup-dev.service"),
        "kmod-static-nodes.service",
    ),
    "sockets.target": (
        *("systemd-journald-dev-log.socket", "systemd-journald.socket"),
        *("systemd-udevd-control.socket", "systemd-udevd-kernel.socket"),
        "systemd-udevd-varlink.socket",
    ),
    "initrd-switch-root.target": ("initrd-udevadm-cleanup-db.service",),
}
RULES = (
    *("50-udev-default.rules", "60-block.rules", "60-persistent-storage.rules"),
    *("75-net-description.rules", "80-drivers.rules", "80-net-setup-link.rules"),
    "99-systemd.rules",
)
FILES = ("etc/passwd", "etc/group", "etc/nsswitch.conf", "usr/lib/systemd/network/99-default.link")
#: No module is on the disk, so what is of use later is loaded here; the rest udev asks for.
LOADED = ("virtio_pci", "virtio_blk", "virtio_console", "virtio_net", "vfat")
RELEASE = 'ID=first-boot-tests\nPRETTY_NAME="initrd of the tests"\n'
LINKS = {
    "init": "/usr/lib/systemd/systemd",
    **{name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")},
    **{f"usr/sbin/{name}": "../bin/kmod" for name in KMOD},
    "usr/sbin/ip": "../bin/ip",
    # A link in the package as well, but an absolute one, which would lead out of the tree here.
    "usr/lib/systemd/systemd-udevd": "/usr/bin/udevadm",
    "etc/initrd-release": "../usr/lib/initrd-release",
    "etc/os-release": "initrd-release",
    "etc/mtab": "../proc/self/mounts",
    "var/run": "../run",
}
#: Mounted over, or expected by somebody.
FOLDERS = ("dev", "proc", "run", "sys", "sysroot", "tmp", "var", "root")
