#!/usr/bin/env bash
# Installs what the harness needs and this Debian host lacks. Silent where nothing
# is missing; must not touch anything else on the host.
set -euo pipefail

packages=(
  openssl shellcheck mypy pyflakes3
  build-essential systemd-container mmdebstrap dbus iproute2 curl jq zstd strace
  python3 python3-pytest qemu-system-x86 e2fsprogs dosfstools mtools fdisk cpio
  squashfs-tools lz4
  etcd-server etcd-client
)
# Debian's package scripts ask this program before they start a service.
policy=/usr/sbin/policy-rc.d

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "this host is no Debian: nothing installed" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi
if ((EUID != 0)); then
  echo "not root, so these packages stay missing: ${missing[*]}" >&2
  exit 0
fi

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

log=$(mktemp)
litter=("$log")
trap 'rm -f "${litter[@]}"' EXIT
new_etcd=false
if [[ " ${missing[*]} " == *" etcd-server "* ]]; then
  new_etcd=true
  never_start_etcd
fi
echo "installing ${missing[*]}"
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
