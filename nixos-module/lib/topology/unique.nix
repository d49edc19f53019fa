# What no two nodes may share: names, hardware addresses, and addresses within a cluster and within
# a site. Must not look at anything else of them.
let
  inherit (builtins)
    concatMap
    filter
    groupBy
    head
    ;
  inherit (import ./message.nix) problem shown;

  placeOf = node: {
    inherit (node) cluster;
    node = node.name;
  };

  # For each node that has a key, the first before it with the same key to which `clash` applies.
  shared =
    keyOf: clash: nodes:
    let
      keyed = filter (node: keyOf node != null) nodes;
      groups = groupBy keyOf keyed;
      earlier = node: filter (other: other.index < node.index && clash node other) groups.${keyOf node};
    in
    concatMap (
      node:
      if earlier node == [ ] then
        [ ]
      else
        [
          {
            inherit node;
            other = head (earlier node);
          }
        ]
    ) keyed;

  told =
    rule: words:
    map (
      { node, other }:
      problem rule (placeOf node) (
        {
          other = "${shown other.cluster}/${shown other.name}";
        }
        // words node other
      )
    );

  addressKey =
    node:
    if node.address == null then
      null
    else
      builtins.concatStringsSep ":" (map toString ([ node.address.width ] ++ node.address.parts));

  sameNetwork = node: other: node.cluster == other.cluster || node.site == other.site;
in
# All nodes of all clusters, in order, each with its place in it as `index`.
nodes:
told "node-name-taken" (_: other: { other = shown other.cluster; }) (
  shared (node: node.name) (_: _: true) nodes
)
++ told "address-taken" (node: _: { found = node.ip; }) (shared addressKey sameNetwork nodes)
++ told "mac-taken" (node: _: { found = shown node.mac; }) (
  shared (node: node.mac) (_: _: true) nodes
)
