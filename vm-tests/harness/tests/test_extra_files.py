"""What nixos-anywhere copies to a node: modes, and everything that would keep it from joining."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import places, product
from harness.waiting import WATCHDOG

COMMAND = places.REPOSITORY / "nixos-module" / "prepare-extra-files.sh"
TUTORIAL = places.REPOSITORY / "docs" / "src" / "tutorial" / "bare-metal-cluster.md"
#: As the tutorial has it, with a key that is quickly made.
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
NAMES = "DNS:node01,DNS:node01.prod.example.com,IP:10.0.1.10"


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl there; its words are shown where it fails."""
    ran = subprocess.run(
        ["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=WATCHDOG
    )
    assert ran.returncode == 0, ran.stderr


def authority(folder: Path) -> None:
    """`ca.crt` and `ca.key`."""
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    subject = ("-subj", "/CN=prod-cluster")
    files = ("-keyout", "ca.key", "-out", "ca.crt")
    openssl(folder, "req", "-x509", *NEW_KEY, "-days", "30", *subject, *usage, *files)


def certificate(folder: Path, names: str, days: str = "30", node: str = "node01") -> None:
    """`NODE.crt` and `NODE.key`, signed by the CA there."""
    extensions = folder / "extensions"
    extensions.write_text(
        f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n"
        "keyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n"
    )
    files = ("-keyout", f"{node}.key", "-out", f"{node}.csr")
    openssl(folder, "req", "-new", *NEW_KEY, "-subj", f"/CN={node}", *files)
    signed_by = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", days)
    asked = ("-in", f"{node}.csr", "-extfile", "extensions", "-out", f"{node}.crt")
    openssl(folder, "x509", "-req", *signed_by, *asked)


class Desk:
    """A folder of secrets and the command."""

    def __init__(self, folder: Path) -> None:
        self.secrets = folder / "secrets"
        self.target = folder / "extra" / "node01"
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.secrets.mkdir()
        self.secrets.chmod(0o700)
        authority(self.secrets)
        certificate(self.secrets, NAMES)
        self.config(node_id="node01")

    def config(self, **changes: object) -> None:
        """The node's configuration, with these keys changed."""
        config: dict[str, object] = {
            "bootstrap": True,
            "raft_addr": "10.0.1.10:2380",
            "initial_peers": ["node01:2380", "node02:2380", "node03:2380"],
        }
        path = self.secrets / "node01.json"
        path.write_text(json.dumps(config | changes))
        path.chmod(0o600)

    def agent(self) -> None:
        """Put the agent on the PATH."""
        (self.tools / "first-boot-agent").symlink_to(product.agent())

    def run(self, *arguments: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
        """Run the command for node01."""
        given = arguments or ("node01", str(self.target))
        return subprocess.run(
            ["bash", COMMAND, *given, "--secrets", str(self.secrets)],
            env={"PATH": f"{self.tools}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=WATCHDOG,
            umask=umask,
        )

    def refused(self) -> str:
        """What it says where it must refuse; nothing may be written."""
        ran = self.run()
        assert ran.returncode == 1, ran.stdout + ran.stderr
        assert not self.target.exists()
        assert "nothing was written" in ran.stderr
        return ran.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Good secrets of node01."""
    return Desk(tmp_path)


def mode(path: Path) -> int:
    """The permission bits of a path."""
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_every_mode_is_as_it_will_be_on_the_node(desk: Desk, umask: int) -> None:
    ran = desk.run(umask=umask)
    assert ran.returncode == 0, ran.stderr
    secrets = desk.target / "etc" / "nixos" / "secrets"
    # A folder above the secrets that nobody may enter would be the node's /etc.
    for folder in (desk.target, desk.target / "etc", desk.target / "etc" / "nixos"):
        assert mode(folder) == 0o755, folder
    assert mode(secrets) == 0o700
    files = {path.name: mode(path) for path in secrets.iterdir()}
    public, private = ("ca.crt", "node01.crt"), ("cluster-config.json", "node01.key")
    assert files == dict.fromkeys(public, 0o644) | dict.fromkeys(private, 0o600)


def test_modes_survive_the_copy_of_nixos_anywhere(desk: Desk, tmp_path: Path) -> None:
    desk.run()
    node = tmp_path / "node"
    node.mkdir()
    # As nixos-anywhere copies: an archive of the folder, unpacked as root.
    copy = "tar -C {} -cpf- . | tar -C {} -xpf- --no-same-owner"
    subprocess.run(["bash", "-c", copy.format(desk.target, node)], check=True, timeout=WATCHDOG)
    assert mode(node / "etc") == 0o755
    assert mode(node / "etc" / "nixos" / "secrets") == 0o700
    assert mode(node / "etc" / "nixos" / "secrets" / "node01.key") == 0o600


def test_the_key_of_the_ca_stays_home(desk: Desk) -> None:
    desk.run()
    assert list(desk.target.rglob("ca.key")) == []


def test_it_may_be_run_again(desk: Desk) -> None:
    desk.run()
    certificate(desk.secrets, NAMES)
    assert desk.run().returncode == 0
    new = (desk.secrets / "node01.crt").read_text()
    assert (desk.target / "etc" / "nixos" / "secrets" / "node01.crt").read_text() == new


def test_the_agent_validates_the_configuration(desk: Desk) -> None:
    desk.agent()
    ran = desk.run()
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    desk.config(node_id="node01", raft_adr="10.0.1.10:2380")
    shutil.rmtree(desk.target)
    assert "raft_adr" in desk.refused()
    desk.config(node_id="node02")
    assert "node01.json is another node's: node02, not for node01" in desk.refused()


def test_the_certificate_names_what_the_agent_asks(desk: Desk) -> None:
    desk.agent()
    desk.config(node_id="node01", raft_addr="10.0.1.66:2380")
    said = desk.refused()
    assert "does not name 10.0.1.66; issue it with IP:10.0.1.66 in subjectAltName" in said
    assert said.count("10.0.1.66;") == 1


def test_the_certificates_of_the_tutorial(desk: Desk, tmp_path: Path) -> None:
    desk.agent()
    chapter = TUTORIAL.read_text().partition("## 2. Certificates")[2]
    commands = chapter.partition("```bash\n")[2].partition("```")[0]
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
    )
    assert ran.returncode == 0, ran.stderr
    leader = {"bootstrap": False, "leader_url": "https://node01.prod.example.com:2379"}
    for node, address, role in (
        ("node01", "10.0.1.10", {}),
        ("node03", "10.0.1.12", {}),
        ("node04", "10.0.1.13", leader),
    ):
        desk.config(node_id=node, raft_addr=f"{address}:2380", **role)
        config = desk.secrets / "node01.json"
        ran = desk.run(node, str(tmp_path / "extra" / node), "--config", str(config))
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""


def test_without_the_agent_it_says_what_is_not_checked(desk: Desk) -> None:
    assert "first-boot-agent is not on the PATH" in desk.run().stderr


def test_a_missing_file(desk: Desk) -> None:
    (desk.secrets / "node01.key").unlink()
    assert "node01.key is missing or cannot be read" in desk.refused()


def test_a_system_may_generate_its_configuration(desk: Desk) -> None:
    (desk.secrets / "node01.json").unlink()
    ran = desk.run()
    assert ran.returncode == 0, ran.stderr
    assert "the installed system has to generate it" in ran.stderr
    assert not (desk.target / "etc" / "nixos" / "secrets" / "cluster-config.json").exists()
    ran = desk.run("node01", str(desk.target), "--config", "elsewhere.json")
    assert "elsewhere.json is missing or cannot be read" in ran.stderr


def test_a_key_that_others_can_read(desk: Desk) -> None:
    (desk.secrets / "node01.key").chmod(0o644)
    said = desk.refused()
    assert "node01.key is readable by others (mode 644); run: chmod 600" in said


def test_the_key_of_another_certificate(desk: Desk) -> None:
    certificate(desk.secrets, "DNS:node02", node="node02")
    os.replace(desk.secrets / "node02.key", desk.secrets / "node01.key")
    assert "node01.key is not the key of" in desk.refused()


def test_a_key_with_a_passphrase(desk: Desk) -> None:
    protect = ("ec", "-in", "node01.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
    openssl(desk.secrets, *protect)
    os.replace(desk.secrets / "locked.key", desk.secrets / "node01.key")
    assert "nobody types one at boot" in desk.refused()


def test_a_certificate_of_another_name(desk: Desk) -> None:
    certificate(desk.secrets, "DNS:node02,IP:10.0.1.10")
    assert "does not name node01; issue it with DNS:node01" in desk.refused()


def test_a_certificate_that_has_expired(desk: Desk) -> None:
    # OpenSSL 3.0 takes no dates here, but a negative number of days.
    certificate(desk.secrets, NAMES, days="-1")
    assert "certificate has expired" in desk.refused()


def test_the_certificate_of_another_ca(desk: Desk) -> None:
    authority(desk.secrets)
    assert "is not from" in desk.refused()


def test_all_problems_come_at_once(desk: Desk) -> None:
    certificate(desk.secrets, "DNS:other")
    (desk.secrets / "node01.key").chmod(0o604)
    said = desk.refused()
    assert "does not name node01" in said
    assert "readable by others" in said


def test_a_folder_is_of_one_node(desk: Desk) -> None:
    assert desk.run().returncode == 0
    certificate(desk.secrets, "DNS:node02", node="node02")
    shutil.copy2(desk.secrets / "node01.json", desk.secrets / "node02.json")
    ran = desk.run("node02", str(desk.target))
    assert ran.returncode == 1
    assert "is another node's: it has node01.key" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("node01",), "NODE and DIR are needed"),
        (("../node01", "x"), "../node01 is no name of a node"),
        (("node01", "x", "--force"), "--force is no option"),
    ],
)
def test_wrong_usage(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    ran = desk.run(*arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
