"""`make fuzz`: libFuzzer on the targets of `agent/fuzz`, one after the other.

Works with stable Rust and a C++ compiler alone. What a search finds stays below `target`: the
corpus in git holds what a person has named. Must not write there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from . import ending, places, product, step
from .counts import Counts
from .fuzz_log import finding, progress

PACKAGE = places.REPOSITORY / "agent" / "fuzz"
#: Builds of its own, since every crate is compiled with instrumentation.
OUTPUT = places.cargo_output() / "fuzz"
#: The corpus in git. Each file has a name that says what it is.
CORPUS = PACKAGE / "corpus"
#: What searches have found; every later one starts from both.
GROWN = OUTPUT / "corpus"
FINDINGS = OUTPUT / "findings"

#: What cargo-fuzz passes as well, without the sanitizers, which only the nightly compiler has; safe
#: Rust has little use for those. The options of a pass are no promise of the compiler's: should a
#: later one drop them, the build says so. Comparisons are not traced: that took more than half of
#: the time, and what they lead to is in the dictionaries.
INSTRUMENTATION = (
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=3",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
)

#: One run in `make test`: replays the corpus, then looks a little further.
SHORT = 10
#: libFuzzer ends by its own time; these are for one that hangs.
REPLAY_LIMIT = 600
MERGE_LIMIT = 3600
#: Longer inputs cost more than they find.
LONGEST = "-max_len=4096"


@dataclass
class Result:
    """How one target ended."""

    target: str
    failed: bool
    told: str


def targets() -> list[str]:
    """Every target; each has a corpus of its name."""
    return sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir())


def build() -> Path | None:
    """The fuzzer, built; None where that failed."""
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(OUTPUT),
        # In place of the flags of .cargo/config.toml: a fuzzer need not be static.
        "RUSTFLAGS": " ".join(INSTRUMENTATION),
    }
    command = ["cargo", "build", "--profile", "fuzz", "--package", "agent-fuzz"]
    command += ["--features", "libfuzzer"]
    try:
        built = subprocess.run(
            command, cwd=places.REPOSITORY, env=environment, timeout=product.BUILD_LIMIT
        )
    except subprocess.TimeoutExpired as error:
        print(error, file=sys.stderr)
        return None
    return OUTPUT / places.host_triple() / "fuzz" / "agent-fuzz" if built.returncode == 0 else None


def start(binary: Path, target: str, log: Path, limit: float, *arguments: str) -> int:
    """Run libFuzzer on a target; what it says goes into a file."""
    # A target that reads files does so thousands of times a second; what it leaves goes after it.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with log.open("wb") as out, TemporaryDirectory(prefix="fuzz-", dir=memory) as folder:
        environment = {**os.environ, "FUZZ_TARGET": target, "TMPDIR": folder}
        command = [binary, *arguments]
        fuzzing = subprocess.Popen(command, stdout=out, env=environment, **streams)
        try:
            return fuzzing.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            out.write(f"\nkilled: it has not ended in {limit:.0f} s\n".encode())
            return step.HUNG
        finally:
            ending.kill(fuzzing)


def fuzz(binary: Path, target: str, seconds: int, *options: str) -> Result:
    """Replay the corpus of a target, then search for a while."""
    grown, findings = GROWN / target, FINDINGS / target
    for folder in (grown, findings):
        folder.mkdir(parents=True, exist_ok=True)
    log = OUTPUT / f"{target}.log"
    code = start(
        *(binary, target, log, seconds + REPLAY_LIMIT),
        *(str(grown), str(CORPUS / target)),
        *(f"-max_total_time={seconds}", LONGEST, "-timeout=10", "-rss_limit_mb=2048"),
        f"-dict={PACKAGE / 'dictionaries' / target}.dict",
        *(f"-artifact_prefix={findings}/", "-print_final_stats=1", *options),
    )
    text = log.read_text(errors="replace")
    if code == 0:
        return Result(target, False, progress(text))
    return Result(target, True, finding(target, text, log))


def keep(binary: Path, target: str) -> Result:
    """Of what searches have found, keep only what reaches more than the named files do."""
    named, grown, kept = CORPUS / target, GROWN / target, OUTPUT / "kept" / target
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(named, kept)
    grown.mkdir(parents=True, exist_ok=True)
    log = OUTPUT / f"{target}.merge.log"
    # libFuzzer adds to the first folder what the others have and it has not.
    code = start(binary, target, log, MERGE_LIMIT, "-merge=1", LONGEST, str(kept), str(grown))
    if code != 0:
        return Result(target, True, f"nothing changed; log: {log}")
    for case in named.iterdir():
        (kept / case.name).unlink()
    shutil.rmtree(grown)
    kept.rename(grown)
    sizes = [case.stat().st_size for case in grown.iterdir()]
    return Result(target, False, f"{len(sizes)} cases, {sum(sizes):,} bytes in {grown}")


def short() -> Counts:
    """The step of `make test`: every target for a moment."""
    counts = Counts("fuzz")
    binary = build()
    for target in targets():
        # The same walk each time, as far as the time goes: what CI reports should be new in the
        # change.
        short_run = (target, SHORT, "-seed=1")
        result = fuzz(binary, *short_run) if binary else Result(target, True, "not built")
        print(f"  {target:10} {result.told}", flush=True)
        counts.passed += not result.failed
        counts.failed += result.failed
    return counts


def main(arguments: list[str]) -> int:
    """`TARGET SECONDS KEEP`, each of which may be empty."""
    wanted, seconds, keeping = (*arguments, "", "", "")[:3]
    known = targets()
    if wanted and wanted not in known:
        print(f"TARGET is one of: {' '.join(known)}", file=sys.stderr)
        return 2
    if seconds and not seconds.isdecimal():
        print(f"SECONDS is {seconds!r}, it must be a number", file=sys.stderr)
        return 2
    try:
        binary = build()
    except FileNotFoundError:
        print(product.CargoMissing(), file=sys.stderr)
        return 2
    if binary is None:
        return 1
    failed = False
    for target in [wanted] if wanted else known:
        result = keep(binary, target) if keeping else fuzz(binary, target, int(seconds or 60))
        print(f"  {target:10} {'FAILED ' if result.failed else ''}{result.told}", flush=True)
        failed |= result.failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
