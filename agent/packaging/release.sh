#!/usr/bin/env bash
# `make release`: what a release consists of, made of the commit that is checked out, in a clone
# of it. So nothing goes in that is not committed. `twice` builds in two clones instead and
# compares them: `make reproducible`.
set -euo pipefail
cd "$(dirname "$0")/../.."

repository=$PWD
commit=$(git rev-parse HEAD)
triple=$(rustc -vV | sed -n 's/^host: //p')
programs=(first-boot-agent first-boot-topology)
# A commit's own date, whatever the environment says; its name comes from git.
unset FIRST_BOOT_COMMIT CARGO_TARGET_DIR RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
[[ -z $(git status --porcelain) ]] || echo "uncommitted changes are left out" >&2

# Clones the commit to a folder and builds it there; nothing in the binaries names the folder
# or the home of cargo.
build() {
  rm -rf "$1"
  git clone --quiet --no-checkout "$repository" "$1"
  git -C "$1" checkout --quiet --detach "$commit"
  local home=${CARGO_HOME:-$HOME/.cargo} flags
  flags="\"--remap-path-prefix=$1=/first-boot-agent\", \"--remap-path-prefix=$home=/cargo\""
  (cd "$1" && cargo build --locked --release --config "target.$triple.rustflags=[$flags]" \
    "${programs[@]/#/--package=}")
}

if [[ ${1:-} == twice ]]; then
  # Of different lengths: a path that gets in shifts what follows.
  folders=("$PWD/target/reproducible/a" "$PWD/target/reproducible/another-one")
  for folder in "${folders[@]}"; do
    build "$folder"
  done
  for program in "${programs[@]}"; do
    cmp "${folders[@]/%//target/$triple/release/$program}"
    sha256sum "${folders[0]}/target/$triple/release/$program" | sed "s|[^ ]*/||"
  done
  echo "two builds of $commit in two folders are the same"
  rm -rf target/reproducible
  exit 0
fi

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
source=$PWD/target/release-$version.source
output=$PWD/target/release-$version
build "$source"
rm -rf "$output"
built=$source/target/$triple/release
linked() { /usr/bin/python3 -B "$source/agent/packaging/linked.py" "$1" "$triple"; }
install -D --mode=0755 --target-directory="$output" "${programs[@]/#/$built/}"
make --silent -C "$source" deb AGENT="$built/first-boot-agent" DEB_DIR="$output"
linked sbom >"$output/first-boot-agent-$version.cdx.json"
linked licences >"$output/THIRD-PARTY-NOTICES"
cp LICENSE-MIT LICENSE-APACHE CHANGELOG.md "$output"
(cd "$output" && sha256sum -- * >SHA256SUMS)
rm -rf "$source"
"$output/first-boot-agent" --version
ls -l "$output"
