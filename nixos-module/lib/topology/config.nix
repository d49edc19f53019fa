# The configuration that the agent of a node reads. Must not be asked of a topology with problems.
let
  inherit (builtins)
    any
    elem
    isAttrs
    mapAttrs
    ;
  inherit (import ./address.nix) bracketed;
  inherit (import ./extra.nix) port;

  # The right one takes precedence, at any depth.
  merged =
    left: right:
    if isAttrs left && isAttrs right then
      left // mapAttrs (key: value: if left ? ${key} then merged left.${key} value else value) right
    else
      right;

  given = key: value: if value == null || value == { } then { } else { ${key} = value; };
in
cluster: node:
let
  portOf = port cluster.extraConfig;
  runs = service: elem service node.services;

  fqdnOf = other: if cluster.domain == null then null else "${other.name}.${cluster.domain}";
  # By name if there is one: certificates are issued for names.
  hostOf = other: if cluster.domain == null then bracketed other.ip else fqdnOf other;

  peersOf =
    service: map (voter: "${hostOf voter}:${toString (portOf service "raft_port")}") cluster.voters;

  own = {
    node_id = node.name;
    node_role = node.role;
    node_ip = node.ip;
    cluster_name = cluster.name;
    bootstrap = elem node.name (map (voter: voter.name) cluster.voters);
    leader_url = "https://${hostOf cluster.leader}:${toString (portOf "chainfire" "api_port")}";
    raft_addr = "${bracketed node.ip}:${toString (portOf "chainfire" "raft_port")}";
    initial_peers = peersOf "chainfire";
    services = {
      chainfire.enable = runs "chainfire";
      flaredb.enable = runs "flaredb";
      iam.enable = runs "iam";
    };
  }
  // given "flaredb_peers" (
    if any (voter: elem "flaredb" voter.services) cluster.voters then peersOf "flaredb" else null
  )
  // given "node_fqdn" (fqdnOf node)
  // given "datacenter" node.site
  // given "rack" node.rack
  // given "network" cluster.network
  // given "tls" (
    if cluster.tlsDirectory == null then
      null
    else
      {
        ca = "${cluster.tlsDirectory}/ca.crt";
        cert = "${cluster.tlsDirectory}/${node.name}.crt";
        key = "${cluster.tlsDirectory}/${node.name}.key";
      }
  );
in
merged (merged own cluster.extraConfig) node.extraConfig
