# What no two nodes may share: names, hardware addresses, disks, and addresses within a cluster and
# within a site; and no two clusters. Must not look at anything else of them.
let
  inherit (builtins)
    concatMap
    filter
    foldl'
    groupBy
    head
    mapAttrs
    ;
  inherit (import ./message.nix) problem shown;
  inherit (import ./names.nix) lowerCase;

  placeOf = node: {
    inherit (node) cluster;
    node = node.name;
  };

  # For each node, the first before it that has one of its keys: `keysOf` has one function for each
  # kind of key. No node is compared with all others, there may be thousands.
  shared =
    keysOf: nodes:
    let
      firstOf =
        keyOf:
        let
          groups = mapAttrs (_: head) (groupBy keyOf (filter (node: keyOf node != null) nodes));
        in
        node: if keyOf node == null then node else groups.${keyOf node};
      firsts = map firstOf keysOf;
      first =
        node:
        foldl' (one: other: if other.index < one.index then other else one) node (map (of: of node) firsts);
    in
    concatMap (
      node:
      let
        other = first node;
      in
      if other.index == node.index then [ ] else [ { inherit node other; } ]
    ) nodes;

  report =
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

  # An address in what it must be the only one in.
  addressIn =
    networkOf: node:
    if node.address == null then
      null
    else
      builtins.toJSON [
        node.address.width
        node.address.parts
        (networkOf node)
      ];
in
# All clusters, and all nodes of all clusters in order, each with its place in it as `index`.
clusters: nodes:
let
  clusterNames = map (
    { node, other }: problem "cluster-name-taken" { cluster = node.name; } { other = shown other.name; }
  ) (shared [ (cluster: lowerCase cluster.name) ] clusters);
in
clusterNames
++ report "node-name-taken" (_: _: { }) (shared [ (node: lowerCase node.name) ] nodes)
++ report "address-taken" (node: _: { found = node.ip; }) (
  shared [
    (addressIn (node: node.cluster))
    # Two spellings of a site are one site.
    (addressIn (node: if node.site == null then null else [ (lowerCase node.site) ]))
  ] nodes
)
++ report "mac-taken" (node: _: { found = shown node.mac; }) (shared [ (node: node.mac) ] nodes)
++ report "disk-taken" (node: _: { found = shown node.disk; }) (
  shared [ (node: node.diskIdentity) ] nodes
)
