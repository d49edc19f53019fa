#!/usr/bin/env bash
# Lays out what nixos-anywhere copies to a node with --extra-files: its secrets, with the modes
# that they keep there. What would keep the node from joining is found here, not in the rack.
#
# Must not make certificates nor configurations, and must not print what is in a key.
set -euo pipefail

secrets=secrets
config=
problems=()

usage() {
  cat <<'END'
Makes the folder that nixos-anywhere --extra-files takes for one node.

  prepare-extra-files.sh NODE DIR [--secrets DIR] [--config FILE]

  NODE            the node's node_id
  DIR             where the files go: DIR/etc/nixos/secrets, 0700; the key and the
                  configuration 0600, certificates 0644
  --secrets DIR   has ca.crt, NODE.crt and NODE.key (default: secrets)
  --config FILE   the node's configuration (default: NODE.json in --secrets, where there is one;
                  a system that generates its own needs none)
  --help          this text

The configuration is validated where first-boot-agent is on the PATH.
Exit codes: 0 done; 1 something is wrong with the files, and nothing was written; 2 wrong usage.
END
}

usage_error() {
  printf 'prepare-extra-files: %s; see --help\n' "$*" >&2
  exit 2
}

problem() { problems+=("$*"); }

read_arguments() {
  local positional=()
  while (($# > 0)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --secrets | --config)
        [[ -n ${2-} ]] || usage_error "$1 needs a value"
        printf -v "${1#--}" '%s' "$2"
        shift ;;
      -*) usage_error "$1 is no option" ;;
      *) positional+=("$1") ;;
    esac
    shift
  done
  ((${#positional[@]} == 2)) || usage_error "NODE and DIR are needed"
  node=${positional[0]}
  target=${positional[1]}
  [[ $node =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || usage_error "$node is no name of a node"
  authority=$secrets/ca.crt
  certificate=$secrets/$node.crt
  key=$secrets/$node.key
  if [[ -z $config && -e $secrets/$node.json ]]; then
    config=$secrets/$node.json
  fi
}

note() { printf 'note: %s\n' "$*" >&2; }

check_readable() {
  local file
  for file in "$authority" "$certificate" "$key" ${config:+"$config"}; do
    [[ -f $file && -r $file ]] || problem "$file is missing or cannot be read"
  done
}

# The last digit of a mode is what everybody may do.
check_private() { # FILE
  local mode
  mode=$(stat --dereference --format=%a -- "$1")
  [[ $mode == *0 ]] || problem "$1 is readable by others (mode $mode); run: chmod 600 $1"
}

public_key_of() { # CERTIFICATE
  openssl x509 -in "$1" -noout -pubkey 2>/dev/null
}

check_certificate() {
  if ! public_key_of "$certificate" >/dev/null; then
    problem "$certificate is no certificate in PEM form"
    return
  fi
  check_name "$node"
  openssl verify -CAfile "$authority" -purpose sslserver "$certificate" >/dev/null 2>&1 ||
    problem "$certificate is not from $authority, or not for servers: $(why_not_verified)"
}

check_name() { # NAME
  local kind=DNS option=-checkhost
  if [[ $1 =~ ^[0-9.]+$ || $1 == *:* ]]; then
    kind=IP option=-checkip
  fi
  [[ $(openssl x509 -in "$certificate" -noout "$option" "$1") == *"does match"* ]] ||
    problem "$certificate does not name $1; issue it with $kind:$1 in subjectAltName"
}

why_not_verified() {
  openssl verify -CAfile "$authority" -purpose sslserver "$certificate" 2>&1 |
    sed -n 's/^error [0-9]* at [0-9]* depth lookup: *//p' | head -n 1
}

check_key() {
  local public
  # An empty passphrase: a key that has one is refused instead of being asked for.
  if ! public=$(openssl pkey -in "$key" -passin pass: -pubout 2>/dev/null); then
    problem "$key is no private key that opens without a passphrase; nobody types one at boot"
  elif [[ $public != "$(public_key_of "$certificate")" ]]; then
    problem "$key is not the key of $certificate"
  fi
}

check_config() {
  if [[ -z $config ]]; then
    note "no configuration: the installed system has to generate it" \
      "(services.first-boot-automation.settings, or its topology)"
    return
  fi
  check_private "$config"
  if ! command -v first-boot-agent >/dev/null; then
    note "first-boot-agent is not on the PATH, so $config is not validated"
    return
  fi
  local said
  if ! said=$(first-boot-agent --config "$config" config validate --strict 2>&1); then
    problem "$config is not valid:"$'\n'"$said"
  elif [[ $said != *"valid for $node" ]]; then
    problem "$config is another node's: ${said##* }, not for $node"
  else
    check_urls
  fi
}

# The agent asks its own node's services by these, and verifies what answers.
check_urls() {
  local field url names=("$node") host
  while read -r field url _; do
    [[ $field == *.url && $url =~ ^https://\[?([^]]*)\]?:[0-9]+ ]] || continue
    host=${BASH_REMATCH[1]}
    [[ " ${names[*]} " == *" $host "* ]] || check_name "$host"
    names+=("$host")
  done < <(first-boot-agent --config "$config" config show)
}

check_target() {
  local other
  for other in "$target"/etc/nixos/secrets/*.key; do
    [[ ! -e $other || ${other##*/} == "$node.key" ]] ||
      problem "$target is another node's: it has ${other##*/}; give each node a folder of its own"
  done
}

check() {
  check_readable
  if ((${#problems[@]} == 0)); then
    check_private "$key"
    check_certificate
    check_key
    check_config
    check_target
  fi
  ((${#problems[@]} > 0)) || return 0
  printf 'prepare-extra-files: %s\n' "${problems[@]}" >&2
  printf 'nothing was written to %s\n' "$target" >&2
  exit 1
}

# The folders on the way get their modes too: they become /, /etc and /etc/nixos of the node.
write() {
  local folder=$target/etc/nixos/secrets
  install --directory --mode=0755 -- "$target" "$target/etc" "$target/etc/nixos"
  install --directory --mode=0700 -- "$folder"
  install --mode=0644 --no-target-directory -- "$authority" "$folder/ca.crt"
  install --mode=0644 --no-target-directory -- "$certificate" "$folder/$node.crt"
  install --mode=0600 --no-target-directory -- "$key" "$folder/$node.key"
  if [[ -n $config ]]; then
    install --mode=0600 --no-target-directory -- "$config" "$folder/cluster-config.json"
  fi
  echo "$target is ready: nixos-anywhere --extra-files $target --flake .#$node root@ADDRESS"
}

read_arguments "$@"
command -v openssl >/dev/null || usage_error "openssl is not on the PATH"
check
write
