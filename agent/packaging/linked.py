"""What is linked into the binaries: their licences as one text, or a CycloneDX bill of materials.

    linked.py licences|sbom TRIPLE

Asks cargo, which needs no network for it once the crates are there. Must not depend on when or
where it runs: the same commit gives the same bytes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("first-boot-agent", "first-boot-topology")
TEXTS = re.compile(r"(licen[sc]e|copying|notice|unlicense|copyright)", re.IGNORECASE)
#: What the compiler links in, and cargo knows nothing of.
SYSTEM = """\
Rust standard library, of {rustc}
  MIT OR Apache-2.0: the texts below of LICENSE-MIT and LICENSE-APACHE, by the Rust project contributors
  https://github.com/rust-lang/rust

GNU C Library (where the target is *-linux-gnu) {glibc}
  LGPL-2.1-or-later: https://www.gnu.org/licenses/old-licenses/lgpl-2.1.html,
  on Debian /usr/share/common-licenses/LGPL-2.1
  To link the programs with another version of it, build them from their source with that version
  installed: `make build`.

GCC runtime library
  GPL-3.0-or-later WITH GCC-exception-3.1, which puts no condition on what is linked with it
"""


def asked(*command: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=600
    )
    return done.stdout


def linked(triple: str) -> set[tuple[str, str]]:
    """Names and versions of the crates in the binaries: no tests, build scripts or macros."""
    command = ["cargo", "tree", "--locked", "--edges=normal,no-proc-macro", "--prefix=none"]
    command += [f"--target={triple}", "--format={p}"]
    command += [f"--package={program}" for program in PROGRAMS]
    lines = (line.split() for line in asked(*command).splitlines() if line)
    return {(line[0], line[1].removeprefix("v")) for line in lines}


def crates(triple: str) -> list[dict[str, Any]]:
    """What cargo knows of each of them, by name."""
    metadata = asked("cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={triple}")
    wanted = linked(triple)
    found = json.loads(metadata)["packages"]
    chosen = [one for one in found if (one["name"], one["version"]) in wanted]
    if len(chosen) != len(wanted):
        raise SystemExit(f"cargo tree and cargo metadata disagree: {len(wanted)}, {len(chosen)}")
    return sorted(chosen, key=lambda one: (one["name"], one["version"]))


def licence_files(crate: dict[str, Any]) -> list[Path]:
    """The texts that a crate comes with."""
    folder = Path(crate["manifest_path"]).parent
    return sorted(path for path in folder.iterdir() if path.is_file() and TEXTS.search(path.name))


def compiler() -> str:
    """The version of Rust, without where it was built."""
    return asked("rustc", "--version").strip()


def glibc() -> str:
    """Debian's version of what was linked, or nothing elsewhere."""
    command = ("dpkg-query", "--show", "--showformat=${source:Version}", "libc6-dev")
    try:
        return asked(*command).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def licences(triple: str) -> str:
    """Every crate with its licence, then every text once, with whose it is."""
    foreign = [crate for crate in crates(triple) if crate["source"]]
    texts: dict[str, list[str]] = {}
    page = ["What is linked into first-boot-agent and first-boot-topology, and its licences.", ""]
    page += [SYSTEM.format(rustc=compiler(), glibc=glibc())]
    for crate in foreign:
        name = f"{crate['name']} {crate['version']}"
        page += [f"{name}\n  {crate['license']}", f"  https://crates.io/crates/{crate['name']}"]
        authors = ", ".join(re.sub(r" *<[^>]*>", "", author) for author in crate["authors"])
        page += [f"  by {authors}", ""] if authors else [""]
        for path in licence_files(crate):
            text = path.read_text(errors="replace").replace("\r\n", "\n").strip()
            texts.setdefault(text, []).append(f"{name}: {path.name}")
    for text, owners in texts.items():
        page += ["=" * 80, *owners, "-" * 80, text, ""]
    return "\n".join(page)


def checksums() -> dict[tuple[str, str], str]:
    """SHA-256 of each crate's archive."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(one["name"], one["version"]): one.get("checksum", "") for one in lock}


def component(crate: dict[str, Any], sums: dict[tuple[str, str], str]) -> dict[str, Any]:
    """A crate as CycloneDX names it."""
    purl = f"pkg:cargo/{crate['name']}@{crate['version']}"
    one: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": crate["name"]}
    one |= {"version": crate["version"], "purl": purl}
    if crate["license"]:
        # An old spelling of OR.
        one["licenses"] = [{"expression": crate["license"].replace("/", " OR ")}]
    if checksum := sums.get((crate["name"], crate["version"])):
        one["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return one


def sbom(triple: str) -> str:
    """CycloneDX 1.5; without a time and a serial number, which would differ between two builds."""
    sums = checksums()
    found = [component(crate, sums) for crate in crates(triple)]
    main = next(one for one in found if one["name"] == PROGRAMS[0])
    others = [one for one in found if one is not main]
    std = {"type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": compiler().split()[1]}
    libc = {"type": "library", "bom-ref": "glibc", "name": "glibc", "version": glibc()}
    std["licenses"] = [{"expression": "MIT OR Apache-2.0"}]
    libc["licenses"] = [{"expression": "LGPL-2.1-or-later"}]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": main | {"type": "application"}},
        "components": [*others, std, *([libc] if libc["version"] else [])],
    }
    return json.dumps(bill, indent=2) + "\n"


def main() -> None:
    """Print what is asked for."""
    what, triple = sys.argv[1:]
    sys.stdout.write({"licences": licences, "sbom": sbom}[what](triple))


if __name__ == "__main__":
    main()
