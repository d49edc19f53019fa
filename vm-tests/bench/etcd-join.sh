#!/usr/bin/env bash
# A script's way to join etcd: etcdctl and the usual pauses of installers, 5 s between two tries.
# What `make bench ONLY=etcd` compares the agent with. It is as careful as the agent is about
# who may vote: a learner first, promoted when it is in sync, a marker when it is listed as a voter.
set -euo pipefail

service=etcd
secrets=/etc/nixos/secrets
config=$secrets/cluster-config.json
markers=/var/lib/first-boot-automation
environment=$markers/$service.env
max_attempts=60
interval=5

log() {
  jq --null-input --compact-output \
    --arg timestamp "$(date -Iseconds)" --arg level "$1" --arg service "$service" \
    --arg message "$2" \
    '{$timestamp, $level, $service, operation: "cluster-join", $message}'
}

# Repeat a command until it succeeds.
try() {
  local attempt
  for ((attempt = 1; attempt <= max_attempts; attempt++)); do
    "$@" && return
    log WARN "Attempt $attempt of $max_attempts failed: $1"
    sleep "$interval"
  done
  log ERROR "Failed: $1"
  exit 1
}

if [[ -e $markers/.$service-initialized || -e $markers/.$service-joined ]]; then
  log INFO "Already member of cluster"
  exit 0
fi

node_id=$(jq --raw-output .node_id "$config")
leader_url=$(jq --raw-output .leader_url "$config")
raft_addr=$(jq --raw-output .raft_addr "$config")
own_url=https://${raft_addr%:*}:2379
tls=(--cacert "$secrets/ca.crt" --cert "$secrets/$node_id.crt" --key "$secrets/$node_id.key")

etcdctl() {
  ETCDCTL_API=3 command etcdctl --endpoints="$leader_url" "${tls[@]}" "$@"
}

add() {
  added=$(etcdctl member add "$node_id" --learner --peer-urls="https://$raft_addr")
}

# etcdctl asks for a read by quorum, which a learner refuses: its health is asked for.
healthy() {
  curl --silent --fail "${tls[@]}" --output /dev/null "$own_url/health"
}

promote() {
  etcdctl member promote "$member_id" >/dev/null
}

votes() {
  etcdctl member list | grep --quiet "^$member_id, started, .*, false$"
}

log INFO "Adding this node as a learner"
try add
member_id=$(awk '/^Member .* added to cluster/ { print $2 }' <<<"$added")
mkdir -p "$markers"
{
  grep '^ETCD_' <<<"$added"
  echo "ETCD_DATA_DIR=/var/lib/$service"
  echo "ETCD_LISTEN_PEER_URLS=https://$raft_addr"
  echo "ETCD_LISTEN_CLIENT_URLS=$own_url"
  echo "ETCD_ADVERTISE_CLIENT_URLS=$own_url"
} >"$environment"

log INFO "Starting $service"
systemctl start "$service.service"
log INFO "Waiting for local service to be healthy"
try healthy
log INFO "Promoting this node"
try promote
try votes
date -Iseconds >"$markers/.$service-joined"
log INFO "Successfully joined cluster"
