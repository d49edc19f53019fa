#!/usr/bin/env bash
# The baseline script: joins chainfire as the first-boot specification describes it; `make
# bench` compares the agent with it. Must stay as described, except that it verifies TLS.
set -euo pipefail

service=chainfire
config=/etc/nixos/secrets/cluster-config.json
authority=/etc/nixos/secrets/ca.crt
markers=/var/lib/first-boot-automation
health_timeout=120
health_interval=5
max_attempts=5
retry_delay=10

log() {
  jq --null-input --compact-output \
    --arg timestamp "$(date -Iseconds)" --arg level "$1" --arg service "$service" \
    --arg message "$2" \
    '{$timestamp, $level, $service, operation: "cluster-join", $message}'
}

if [[ -e $markers/.$service-initialized || -e $markers/.$service-joined ]]; then
  log INFO "Already member of cluster"
  exit 0
fi

node_id=$(jq --raw-output .node_id "$config")
leader_url=$(jq --raw-output .leader_url "$config")
raft_addr=$(jq --raw-output .raft_addr "$config")

log INFO "Waiting for local service to be healthy"
waited=0
until curl --silent --fail --cacert "$authority" --output /dev/null \
  https://localhost:2379/health; do
  if ((waited >= health_timeout)); then
    log ERROR "Health check timeout after ${health_timeout}s"
    exit 1
  fi
  sleep "$health_interval"
  waited=$((waited + health_interval))
done

for ((attempt = 1; attempt <= max_attempts; attempt++)); do
  log INFO "Joining cluster, attempt $attempt of $max_attempts"
  code=$(curl --silent --cacert "$authority" --output /dev/null --write-out '%{http_code}' \
    --request POST --header 'Content-Type: application/json' \
    --data "{\"id\": \"$node_id\", \"raft_addr\": \"$raft_addr\"}" \
    "$leader_url/admin/member/add") || code=000
  case $code in
    200 | 201 | 409)
      mkdir -p "$markers"
      date -Iseconds >"$markers/.$service-joined"
      log INFO "Successfully joined cluster"
      exit 0
      ;;
  esac
  log WARN "Join request failed: HTTP $code"
  if ((attempt < max_attempts)); then
    sleep "$retry_delay"
  fi
done
log ERROR "Failed to join cluster after $max_attempts attempts"
exit 1
