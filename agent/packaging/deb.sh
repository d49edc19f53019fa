#!/usr/bin/env bash
# Makes the Debian package of binaries that are built, with dpkg-deb alone: `make deb`. The same
# commit and binaries give the same bytes. Must not build: what goes in is what was tested.
#
#   deb.sh AGENT OUTPUT_DIR REVISION
set -euo pipefail
cd "$(dirname "$0")/../.."

agent=$1 output=$2 revision=$3
maintainer=${DEB_MAINTAINER:-first-boot-agent maintainers <maintainers@first-boot-agent.invalid>}
name=first-boot-agent
packaging=agent/packaging

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)-$revision
architecture=$(dpkg --print-architecture)
triple=$(rustc -vV | sed -n 's/^host: //p')
# All files have the date of the commit, as the entry in the changelog.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
doc=$stage/usr/share/doc/$name
units=$stage/usr/lib/systemd/system

put() { install -D --mode="${3:-0644}" "$1" "$2"; }
packed() { gzip -9 --no-name --stdout; }

# The drop-ins of 254/ are linked where systemd knows them (debian/postinst); their folders
# belong to the package.
make --silent install DESTDIR="$stage" AGENT="$agent" SYSTEMD_VERSION=252 \
  ZSH_DIR=/usr/share/zsh/vendor-completions
for folder in agent/systemd/254/*.d; do
  install -d "$units/$(basename "$folder")"
  install -D --mode=0644 "$folder"/*.conf \
    --target-directory="$stage/usr/lib/$name/systemd-254/$(basename "$folder")"
done
gzip -9 --no-name "$stage"/usr/share/man/man1/*.1

for example in agent/config/examples/*.json; do
  put "$example" "$doc/examples/$(basename "$example")"
done
awk 'FNR == NR { text = text (/./ ? " " $0 : " .") "\n"; next }
  /^@MIT@$/ { printf "%s", text; next }
  { print }' \
  LICENSE-MIT $packaging/debian/copyright >"$doc/copyright"
/usr/bin/python3 -B $packaging/linked.py licences "$triple" | packed >"$doc/THIRD-PARTY-NOTICES.gz"
packed <CHANGELOG.md >"$doc/changelog.gz"
packed >"$doc/changelog.Debian.gz" <<EOF
$name ($version) unstable; urgency=medium

  * See changelog.gz.

 -- $maintainer  $(LC_ALL=C date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
EOF
chmod 644 "$doc"/*.gz "$doc/copyright"
put $packaging/debian/lintian-overrides "$stage/usr/share/lintian/overrides/$name"

# In KiB, as dpkg-gencontrol counts: the same on every file system.
size=$(find "$stage" \( -type f -printf '%s\n' \) -o -printf '1\n' |
  awk '{ n += int(($1 + 1023) / 1024) } END { print n }')
install -d "$stage/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
  -e "s/@MAINTAINER@/$maintainer/" $packaging/debian/control.in >"$stage/DEBIAN/control"
put $packaging/debian/triggers "$stage/DEBIAN/triggers"
for script in postinst prerm postrm; do
  put "$packaging/debian/$script" "$stage/DEBIAN/$script" 0755
done
(cd "$stage" &&
  find usr -type f -print0 | sort --zero-terminated | xargs --null md5sum >DEBIAN/md5sums)
chmod 644 "$stage"/DEBIAN/{control,md5sums}

mkdir --parents "$output"
dpkg-deb --root-owner-group -Zxz --build "$stage" "$output/${name}_${version}_$architecture.deb"
