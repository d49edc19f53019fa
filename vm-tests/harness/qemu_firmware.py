"""What the firmware of a QEMU machine reports to the system: who it is, and its credentials.

Makes words of QEMU's command line; must not know what a credential is for.
"""

from __future__ import annotations

import base64
from pathlib import Path

from .hardware import Hardware

#: Where PID 1 looks for credentials: names of SMBIOS strings, and of fw_cfg files.
SMBIOS_PREFIX = "io.systemd.credential.binary:"
FW_CFG_PREFIX = "opt/io.systemd.credentials/"


def identity(hardware: Hardware) -> list[str]:
    """SMBIOS type 1: the machine's UUID and serial number, where they are given."""
    given = {"uuid": hardware.uuid, "serial": hardware.serial}
    fields = [f"{name}={value}" for name, value in given.items() if value is not None]
    return ["-smbios", ",".join(["type=1", *fields])] if fields else []


def credential_file(folder: Path, name: str) -> Path:
    """Where the text of a credential lies that fw_cfg hands over."""
    return folder / f"credential-{name}"


def credentials(hardware: Hardware, folder: Path) -> list[str]:
    """The credentials, as SMBIOS strings or as fw_cfg files."""
    words: list[str] = []
    for name, text in hardware.credentials.items():
        if hardware.credential_transport == "smbios":
            encoded = base64.b64encode(text.encode()).decode()
            words += ["-smbios", f"type=11,value={SMBIOS_PREFIX}{name}={encoded}"]
        else:
            words += ["-fw_cfg", f"name={FW_CFG_PREFIX}{name},file={credential_file(folder, name)}"]
    return words
