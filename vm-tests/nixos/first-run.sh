#!/usr/bin/env bash
# Tries with a real Nix and KVM what could not be tried where this repository is written: builds
# the package and an image, plays three scenarios, installs a node's disk layout and boots from
# it; writes one report to send back.
#
# Must not decide what is right: the builds and tests do. A step that fails stops no other.
set -euo pipefail

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
output=first-run
scenarios=(fourth-node-joins initrd-any documented-queries)
steps=()
lines=()
revision=unknown
fence='```'
declare -A result seconds

usage() {
  cat <<'END'
Tries the NixOS side for real, and writes a report.

  first-run.sh [--output-dir DIR]

  --output-dir DIR  where the report and a log of each step are written (default: first-run)
  --help            this text

Needs x86_64, Nix with network access and KVM, git, 6 GB of free memory and 50 GB of free disk;
takes an hour or two, most of it downloads. Nothing is installed and no disk of this machine is
touched: all machines are virtual. Makes flake.lock where there is none.

Exit codes: 0 everything is as expected; 1 something is not, see the report; 2 wrong usage;
3 Nix or git is missing, or this is no x86_64.
END
}

fail() {
  local code=$1
  shift
  printf 'first-run: %s\n' "$*" >&2
  exit "$code"
}

nix_() { nix --extra-experimental-features 'nix-command flakes' "$@"; }
build() { nix_ build --no-link --print-out-paths --print-build-logs "$repository#$1"; }

# Runs a step; what it says is STEP.log, what it prints STEP.out.
step() { # NAME COMMAND...
  local name=$1 began=$SECONDS
  shift
  steps+=("$name")
  printf '%s … ' "$name"
  if "$@" >"$output/$name.out" 2>"$output/$name.log"; then
    result[$name]=ok
  else
    result[$name]=FAILED
  fi
  seconds[$name]=$((SECONDS - began))
  printf '%s after %d s\n' "${result[$name]}" "${seconds[$name]}"
}

# What is assumed of NixOS, and whether it was seen: in a step that passed, and by the check, which
# prints what it found instead.
assume() { # STEP WHAT EVIDENCE CHECK...
  local colour=green evidence=$3 found name=$1 what=$2
  shift 3
  if [[ -z ${result[$name]-} ]]; then
    colour=unseen
    evidence="$name was not run"
  elif [[ ${result[$name]} != ok ]]; then
    colour=RED
    evidence=$name.log
  elif ! found=$("$@" 2>&1); then
    colour=RED
    evidence="$evidence: $(tr '\n|' '  ' <<<"$found")"
  fi
  lines+=("| $colour | $what | $evidence |")
  printf '  %-5s %s\n' "$colour" "$what"
}

package() { tail -n 1 -- "$output/package.out"; }
image() { tail -n 1 -- "$output/image-system.out"; }

lock() { [[ -e $repository/flake.lock ]] || nix_ flake lock "$repository"; }

host() {
  # Builds run as other users, so Nix' own word counts.
  nix_ config show system-features >&2
  [[ $(nix_ config show system-features) =~ (^| )kvm( |$) ]] ||
    wrong "Nix has no kvm; turn virtualization on in the firmware, so that there is /dev/kvm"
}

# In a condition `set -e` is off, and within a trap a bare `return` gives the status from before it:
# so a check says `return 1`.
wrong() { echo "$*" >&2 && return 1; }
is_there() { [[ -e $1 ]] || wrong "$1 is missing"; }
is_static() {
  local binary linked
  binary=$(package)/bin/first-boot-agent
  [[ $(head --bytes=4 -- "$binary" | tail --bytes=3) == ELF ]] ||
    { wrong "$binary is no program"; return 1; }
  # ldd succeeds for one kind of static program, and fails for the other.
  linked=$(LC_ALL=C ldd "$binary" 2>&1) || true
  [[ $linked == *"statically linked"* || $linked == *"not a dynamic executable"* ]] ||
    wrong "$linked"
}
says_its_version() { "$(package)/bin/first-boot-agent" --version; }
has_units() { is_there "$(package)/lib/systemd/system/chainfire-cluster-join.service"; }
has_catalog() { is_there "$(package)/lib/systemd/catalog/first-boot-agent.catalog"; }
has_a_date() {
  local log
  log=$(nix_ log "$(package)") || { wrong "there is no log of the build"; return 1; }
  [[ $log != *SOURCE_DATE_EPOCH* ]] || wrong "build.rs warns of SOURCE_DATE_EPOCH"
}
has_one_qemu() {
  local found
  found=$(nix_ path-info --recursive "$(image)") || return 1
  found=$(grep --extended-regexp -- '-qemu-[a-z-]*[0-9.]+$' <<<"$found") ||
    { wrong "there is none"; return 1; }
  [[ $found != *$'\n'* ]] || wrong "$found"
}
has_firmware() {
  [[ -n $(find -L "$(image)/firmware/" -name 'bnx2x*' -print -quit) ]] ||
    wrong "there is no bnx2x below $(image)/firmware"
}

try() {
  local name
  step host host
  step lock lock
  step evaluation nix_ flake check --no-build "$repository"
  step package build first-boot-agent
  step image "$repository/nixos-module/build-images.sh" \
    --profile worker --output-dir "$output/images"
  step image-system build nixosConfigurations.netboot-worker.config.system.build.toplevel
  for name in "${scenarios[@]}"; do step "scenario-$name" build "checks.$1.scenario-$name"; done
  step node build nixosConfigurations.node01.config.system.build.toplevel
  step disk build nixosConfigurations.node01.config.system.build.installTest
}

compare() {
  assume host "Nix runs virtual machines with KVM" "system-features" true
  assume evaluation "all modules, images, examples and tests evaluate" "nix flake check" true
  assume package "the package builds, and its tests pass in Nix' sandbox" "the build" true
  assume package "the stock compiler links it statically (glibc.static)" "ldd" is_static
  assume package "it runs" "--version" says_its_version
  assume package "the units are where systemd.packages looks" "lib/systemd/system" has_units
  assume package "the catalog is where the module looks" "lib/systemd/catalog" has_catalog
  assume package "the date of the source reaches cargo" "no warning in nix log" has_a_date
  assume image "an image builds; kernel, initrd and script are sound" "build-images.sh" true
  assume image-system "an image has one QEMU" "its closure" has_one_qemu
  assume image-system "an image has the firmware of servers' NICs" "bnx2x" has_firmware
  assume scenario-fourth-node-joins \
    "a node joins: units of a package, tmpfiles.d, D-Bus by dbus-broker" "the scenario" true
  assume scenario-initrd-any \
    "the agent's unit runs in a NixOS initrd and hands over" "the scenario" true
  assume scenario-documented-queries \
    "journalctl -x explains: the catalog is compiled from /usr/local/lib" "the scenario" true
  assume node "a node builds, its configuration checked by the agent" "the build" true
  assume disk "a node boots from its disk by the UUIDs of the layout" "disko's install test" true
}

report() {
  local name memory
  memory=$(awk '/^MemTotal/ { print int($2 / 1048576 + 0.5) }' /proc/meminfo)
  printf '# First run with Nix and KVM\n\n'
  printf -- '- %s, revision %s\n' "$(date --utc --iso-8601=minutes)" "$revision"
  printf -- '- %s, %s, %s CPUs, %s GB\n' "$(nix --version)" "$(uname -sr)" "$(nproc)" "$memory"
  printf '\n## What is assumed of NixOS\n\n| | what | seen in |\n|---|---|---|\n'
  printf '%s\n' "${lines[@]}"
  printf '\n## Steps\n\n| step | result | seconds |\n|---|---|---|\n'
  for name in "${steps[@]}"; do
    printf '| %s | %s | %s |\n' "$name" "${result[$name]-cut off}" "${seconds[$name]-}"
  done
  for name in "${steps[@]}"; do
    [[ ${result[$name]-} == FAILED ]] || continue
    printf '\n## The end of %s.log\n\n%s\n%s\n%s\n' "$name" \
      "$fence" "$(tail -n 40 -- "$output/$name.log")" "$fence"
  done
  printf '\n## flake.lock\n\n%s\n%s\n%s\n' \
    "$fence" "$(cat "$repository/flake.lock" 2>/dev/null || true)" "$fence"
}

# Also where it is cut off: the report says what was not run.
finish() {
  local red
  compare
  report >"$output/report.md"
  red=$(grep --count '^| [Ru]' "$output/report.md" || true)
  if ((red > 0)); then
    printf '%d not green; please send %s\n' "$red" "$output/report.md"
    exit 1
  fi
  printf 'all green; please send %s\n' "$output/report.md"
}

main() {
  while (($# > 0)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --output-dir)
        [[ -n ${2-} ]] || fail 2 "$1 needs a value; see --help"
        output=$2
        shift 2
        ;;
      *) fail 2 "$1 is no option; see --help" ;;
    esac
  done
  local program system
  for program in nix git; do
    command -v "$program" >/dev/null || fail 3 "$program is not on the PATH; install it"
  done
  { mkdir -p -- "$output" && [[ -w $output ]]; } 2>/dev/null ||
    fail 2 "--output-dir $output cannot be written"
  system=$(nix_ eval --raw --impure --expr builtins.currentSystem) ||
    fail 3 "nix cannot evaluate; see above"
  [[ $system == x86_64-linux ]] ||
    fail 3 "this is $system; the example cluster and the images that are built are x86_64-linux"
  # Before the lock file, which is added to git.
  revision=$(git -C "$repository" describe --always --dirty 2>/dev/null || echo unknown)
  trap finish EXIT
  trap 'exit 1' HUP INT TERM
  try "$system"
}

main "$@"
