#!/usr/bin/env bash
# Installs what this host lacks, and lists it first: `host.sh [loopback|demo]` what that demo
# needs, without a word what all tests need. Silent where nothing is missing; must not touch
# anything else on the host.
set -euo pipefail

loopback=(build-essential python3)
demo=(systemd-container mmdebstrap iproute2)
tests=(
  openssl shellcheck mypy pyflakes3
  dbus curl jq zstd strace
  python3-pytest python3-pytest-xdist qemu-system-x86 e2fsprogs dosfstools mtools fdisk cpio
  squashfs-tools lz4
  etcd-server etcd-client
)
# Debian's package scripts ask this program before they start a service.
policy=/usr/sbin/policy-rc.d
# What the harness makes of downloads.
cache=$(dirname "$0")/../../target/vm-tests

what=${1:-tests}
case $what in
  loopback) packages=("${loopback[@]}") ;;
  demo) packages=("${loopback[@]}" "${demo[@]}") ;;
  tests) packages=("${loopback[@]}" "${demo[@]}" "${tests[@]}") ;;
  *) echo "usage: host.sh [loopback|demo]" >&2 && exit 2 ;;
esac

packages_missing() {
  local package status
  for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
  done
}

# Only rustup adds these; Rust from elsewhere has them, or cargo reports that they are missing.
components_missing() {
  command -v rustup >/dev/null || return 0
  cargo fmt --version >/dev/null 2>&1 || components+=(rustfmt)
  cargo clippy --version >/dev/null 2>&1 || components+=(clippy)
}

# Not installed on the host, but fetched by what runs next.
list_downloads() {
  [[ -d ${CARGO_HOME:-$HOME/.cargo}/registry/cache ]] ||
    echo "to download, once: the crates of Cargo.lock, 25 MB"
  [[ $what != tests || -n $(compgen -G "$cache/cargo-deny-*") ]] ||
    echo "to build, once: cargo-deny in target/vm-tests, from 50 MB of crates"
  [[ $what != loopback && $EUID == 0 ]] || return 0
  [[ -z $(compgen -G "$cache/base-*") ]] || return 0
  case $what in
    demo) echo "to make, once: a Debian for the nodes in target/vm-tests, 300 MB" ;;
    tests) echo "to make, once: Debian for nodes and emulated machines, Nix and what the tests" \
      "of network boots need, in target/vm-tests, 1.6 GB" ;;
  esac
}

install() {
  DEBIAN_FRONTEND=noninteractive timeout --kill-after=60 1800 \
    apt-get install --yes --quiet=2 --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o Acquire::Retries=5 "${missing[@]}" >"$log" 2>&1
}

# The tests start etcd servers of their own. The service that comes with the package must never run
# here: it would hold etcd's ports and keep data that nobody asked for.
never_start_etcd() {
  # A host that has such a program has decided for itself.
  [[ -e $policy ]] && return
  litter+=("$policy")
  printf '#!/bin/sh\ncase " $* " in *" etcd "* | *" etcd.service "*) exit 101 ;; esac\n' >"$policy"
  chmod 755 "$policy"
}

# Nor at the next boot; and not now where that program would let it.
disable_etcd() {
  update-rc.d etcd disable
  service etcd stop
}

install_packages() {
  local new_etcd=false
  if [[ " ${missing[*]} " == *" etcd-server "* ]]; then
    new_etcd=true
    never_start_etcd
  fi
  # The lists of a fresh host are empty or old: refresh them where the first try fails.
  if ! install; then
    echo "refreshing the package lists"
    timeout --kill-after=60 600 apt-get update --quiet=2 >>"$log" 2>&1 || true
    if ! install; then
      cat "$log" >&2
      echo "these packages could not be installed: ${missing[*]}; see above" >&2
      exit 1
    fi
  fi
  if $new_etcd && ! disable_etcd >>"$log" 2>&1; then
    cat "$log" >&2
    echo "etcd is installed, and its service could not be disabled; see above" >&2
    exit 1
  fi
}

missing=()
components=()
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "this host is no Debian: no package is installed" >&2
else
  packages_missing
fi
[[ $what != tests ]] || components_missing

# The list comes first, then the work.
if ((${#missing[@]} > 0 && EUID != 0)); then
  echo "not root, so these packages stay missing: ${missing[*]}" >&2
  # Without these nothing here runs at all.
  for program in cc python3; do
    command -v "$program" >/dev/null && continue
    echo "$program is needed; as root: apt-get install ${missing[*]}" >&2
    exit 1
  done
  missing=()
fi
((${#missing[@]} == 0)) || echo "to install with apt: ${missing[*]}"
((${#components[@]} == 0)) || echo "to add with rustup: ${components[*]}"
list_downloads

log=$(mktemp)
litter=("$log")
trap 'rm -f "${litter[@]}"' EXIT
((${#missing[@]} == 0)) || install_packages
((${#components[@]} == 0)) || timeout --kill-after=60 600 rustup component add "${components[@]}"
