#!/usr/bin/env bash
# Builds the netboot images, checks them, and puts them where a PXE server finds them.
#
# Must not know what is in an image, nor how large it ought to be: each image brings its
# `expected-sizes`, made from lib/images.nix. Nothing is put in place before all is checked.
set -euo pipefail

profiles=(control-plane worker all-in-one)
profile=all
output=artifacts
pxe_root=
flake=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
system=
# Removed at the end, however that comes; what is in place has another name by then.
unfinished=()
trap '((${#unfinished[@]} == 0)) || rm -rf -- "${unfinished[@]}"' EXIT

usage() {
  cat <<'END'
Builds netboot images: kernel, initrd and iPXE script of each profile.

  build-images.sh [--profile NAME] [--output-dir DIR] [--pxe-root DIR]

  --profile NAME    control-plane, worker, all-in-one or all (default: all)
  --output-dir DIR  a folder per profile: bzImage, initrd, netboot.ipxe, build.log and image-link,
                    the result as Nix keeps it (default: artifacts)
  --pxe-root DIR    copy checked images there as well: DIR/PROFILE becomes a link to the new
                    image in one step, and the image before it is kept
  --flake REF       where netboot-PROFILE is found (default: this repository)
  --system NAME     for another architecture, for example aarch64-linux (default: this one's)
  --help            this text

Exit codes: 0 done; 2 wrong usage; 3 nix is missing or has no flakes; 4 a build failed;
5 an artefact is not what it should be; 6 no space, or a folder cannot be written.
END
}

fail() {
  local code=$1
  shift
  printf 'build-images: %s\n' "$*" >&2
  exit "$code"
}

say() { printf '%s\n' "$*"; }
megabytes() { printf '%d.%d MB' $(($1 / 1000000)) $(($1 / 100000 % 10)); }
size_of() { stat --dereference --format=%s -- "$1"; }

read_arguments() {
  while (($# > 0)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --profile | --output-dir | --pxe-root | --flake | --system)
        [[ -n ${2-} ]] || fail 2 "$1 needs a value; see --help" ;;&
      --profile) profile=$2 ;;
      --output-dir) output=$2 ;;
      --pxe-root) pxe_root=$2 ;;
      --flake) flake=$2 ;;
      --system) system=$2 ;;
      *) fail 2 "$1 is no option; see --help" ;;
    esac
    shift 2
  done
  local known
  for known in "${profiles[@]}"; do
    [[ $profile != "$known" ]] || profiles=("$known")
  done
  [[ $profile == all || ${#profiles[@]} == 1 ]] ||
    fail 2 "there is no profile $profile; it is one of: ${profiles[*]} all"
}

writable_folder() { # DIR OPTION
  { mkdir -p -- "$1" && [[ -w $1 ]]; } 2>/dev/null ||
    fail 6 "$2 $1 cannot be written; make it, or give another"
}

require_space() { # DIR BYTES
  local free
  free=$(df --output=avail --block-size=1 -- "$1" | tail -n 1)
  ((free >= $2)) ||
    fail 6 "$1 has $(megabytes "$free") free and $(megabytes "$2") are needed; free some," \
      "or name another folder"
}

# Why nix failed, if its log says so; each with the next step.
explain() { # PROFILE LOG
  if grep --quiet --extended-regexp 'experimental.*(flakes|nix-command).*disabled' "$2"; then
    fail 3 "flakes are not enabled: add the line" \
      "'experimental-features = nix-command flakes' to /etc/nix/nix.conf"
  elif grep --quiet 'No space left on device' "$2"; then
    fail 6 "the disk is full while building $1: nix-collect-garbage frees the store; $2 says where"
  elif grep --quiet --extended-regexp 'does not provide attribute|find a flake.nix' "$2"; then
    fail 4 "$flake has no netboot-$1: name the flake that has with --flake"
  fi
  fail 4 "netboot-$1 was not built; $2 ends in:"$'\n'"$(tail -n 5 "$2")"
}

build() { # PROFILE
  local folder=$output/$1 what=$flake#netboot-$1
  [[ -z $system ]] || what=$flake#packages.$system.netboot-$1
  writable_folder "$folder" --output-dir
  say "building $1"
  nix --extra-experimental-features 'nix-command flakes' build "$what" \
    --out-link "$folder/image-link" --print-build-logs 2>&1 | tee "$folder/build.log" ||
    explain "$1" "$folder/build.log"
}

bytes_at() { # FILE OFFSET COUNT
  od --address-radix=n --format=x1 --skip-bytes="$2" --read-bytes="$3" "$1" | tr -d ' \n'
}

# Whether a file is what its name says, by its first bytes.
check_kind() { # FILE
  case ${1##*/} in
    bzImage)
      [[ $(bytes_at "$1" 514 4) == 48647253 ]] ||
        fail 5 "$1 is no x86 Linux kernel: HdrS is missing at byte 514" ;;
    Image)
      [[ $(bytes_at "$1" 56 4) == 41524d64 ]] ||
        fail 5 "$1 is no arm64 Linux kernel: ARM\\x64 is missing at byte 56" ;;
    initrd)
      case $(bytes_at "$1" 0 6) in
        303730373031 | 28b52ffd* | 1f8b* | fd377a585a00) ;; # cpio, zstd, gzip, xz
        *) fail 5 "$1 is no initrd: neither a cpio archive nor a compressed one" ;;
      esac ;;
    *) fail 5 "${1##*/} in expected-sizes is neither a kernel (bzImage, Image) nor initrd" ;;
  esac
}

check_size() { # FILE LEAST MOST USUAL_LEAST USUAL_MOST
  local size
  size=$(size_of "$1")
  ((size >= $2)) ||
    fail 5 "$1 is too small: $(megabytes "$size"), at least $(megabytes "$2") expected; build anew"
  ((size <= $3)) ||
    fail 5 "$1 is too large: $(megabytes "$size"), at most $(megabytes "$3"); take packages out"
  say "  ${1##*/}: $(megabytes "$size")"
  ((size >= $4 && size <= $5)) ||
    say "  note: ${1##*/} usually has $(megabytes "$4") to $(megabytes "$5")"
}

check_script() { # FILE
  [[ -s $1 ]] || fail 5 "$1 is missing or empty"
  [[ $(head -n 1 "$1") == '#!ipxe' ]] || fail 5 "$1 is no iPXE script: its first line is not #!ipxe"
  grep --quiet 'init=/nix/store/' "$1" ||
    fail 5 "$1 names no init=/nix/store/…: the image would not boot"
  # shellcheck disable=SC2016 # iPXE's variable, not the shell's
  grep --quiet --fixed-strings '${cmdline}' "$1" ||
    fail 5 "$1 does not end its kernel line in \${cmdline}: no parameters could be added"
}

# The names of an image's files, after all of them have been found good.
check() { # PROFILE
  local image=$output/$1/image-link file least most usual_least usual_most
  [[ -s $image/expected-sizes ]] ||
    fail 5 "$image brings no expected-sizes; is it made by images/profile.nix?"
  say "checking $1"
  while read -r file least most usual_least usual_most; do
    [[ -f $image/$file ]] || fail 5 "$image/$file is missing"
    check_size "$image/$file" "$least" "$most" "$usual_least" "$usual_most"
    check_kind "$image/$file"
  done <"$image/expected-sizes"
  check_script "$image/netboot.ipxe"
}

files_of() { # PROFILE
  cut -d ' ' -f 1 "$output/$1/image-link/expected-sizes"
  say netboot.ipxe
}

# Copies to FOLDER through temporary names, so that a file there is whole or the old one.
copy_files() { # PROFILE FOLDER
  local file total=0 files
  mapfile -t files < <(files_of "$1")
  for file in "${files[@]}"; do total=$((total + $(size_of "$output/$1/image-link/$file"))); done
  require_space "$2" "$total"
  for file in "${files[@]}"; do
    unfinished+=("$2/.$file.part")
    install --mode=0644 -- "$output/$1/image-link/$file" "$2/.$file.part" ||
      fail 6 "cannot write $file to $2; what was there before is untouched"
  done
  sync --file-system -- "$2"
  for file in "${files[@]}"; do mv -- "$2/.$file.part" "$2/$file"; done
}

# A new folder beside the old one, then one rename of the link: no machine gets half an image.
publish() { # PROFILE
  local image new before=
  image=$(basename -- "$(readlink -f -- "$output/$1/image-link")")
  if [[ -L $pxe_root/$1 ]]; then
    before=$(readlink -- "$pxe_root/$1")
  fi
  if [[ $before == "$image" && -d $pxe_root/$image ]]; then
    say "  $pxe_root/$1 is $image already"
    return
  fi
  if [[ ! -d $pxe_root/$image ]]; then
    new=$pxe_root/.$image.part
    unfinished+=("$new")
    rm -rf -- "$new"
    mkdir --mode=0755 -- "$new"
    copy_files "$1" "$new"
    mv -- "$new" "$pxe_root/$image"
  fi
  if [[ -e $pxe_root/$1 && ! -L $pxe_root/$1 ]]; then
    # A folder that was filled by hand gives way once; renames cannot swap it for a link.
    mv -- "$pxe_root/$1" "$pxe_root/$1.by-hand"
  fi
  ln --symbolic --force --no-dereference -- "$image" "$pxe_root/.$1.link"
  mv --no-target-directory -- "$pxe_root/.$1.link" "$pxe_root/$1"
  remove_older "$1" "$image" "$before"
  say "  $pxe_root/$1 -> $image"
}

# Keeps the image before this one: machines may be loading it, and it is the way back.
remove_older() { # PROFILE KEPT KEPT
  local folder
  for folder in "$pxe_root"/*-netboot-"$1"; do
    [[ ${folder##*/} == "$2" || ${folder##*/} == "$3" ]] || rm -rf -- "$folder"
  done
}

main() {
  read_arguments "$@"
  command -v nix >/dev/null ||
    fail 3 "nix is not on the PATH: install it (https://nixos.org/download), or run this on NixOS"
  writable_folder "$output" --output-dir
  local each
  for each in "${profiles[@]}"; do build "$each"; done
  for each in "${profiles[@]}"; do check "$each"; done
  for each in "${profiles[@]}"; do copy_files "$each" "$output/$each"; done
  if [[ -n $pxe_root ]]; then
    writable_folder "$pxe_root" --pxe-root
    exec {lock}>"$pxe_root/.build-images.lock"
    flock --nonblock "$lock" ||
      fail 6 "another build-images works on $pxe_root; run this again when it is done"
    say "putting in place"
    for each in "${profiles[@]}"; do publish "$each"; done
  fi
  say "done: ${profiles[*]} in $output${pxe_root:+ and $pxe_root}"
}

main "$@"
