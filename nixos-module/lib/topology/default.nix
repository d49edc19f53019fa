# The topology: clusters and their nodes, defined once, from which every node's configuration is
# derived.
#
# A topology is `{ clusters.NAME = { domain, nodes.NAME = { role, ip, … }, … }; }`; its options and
# rules are in `rules.json`, which the command `first-boot-topology` reads as well. Builtins only.
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elemAt
    filter
    genList
    length
    listToAttrs
    mapAttrs
    ;
  inherit (import ./message.nix) listed rules shown;
  clusterOf = import ./cluster.nix;
  configOf = import ./config.nix;
  json = import ./json.nix;
  names = import ./names.nix;
  shape = import ./shape.nix;
  unique = import ./unique.nix;

  # Everything that is derived from a topology, including its problems.
  evaluate =
    topology:
    let
      checked = shape {
        kind = "topology";
        around = { };
        place = { };
        key = "topology";
      } topology;
      clusters = mapAttrs clusterOf (
        if checked.values.clusters == null then { } else checked.values.clusters
      );
      numbered = list: genList (index: elemAt list index // { inherit index; }) (length list);
      everyCluster = attrValues clusters;
      everyNode = concatMap (cluster: attrValues cluster.nodes) everyCluster;
    in
    {
      inherit clusters;
      problems =
        checked.problems
        ++ concatMap (cluster: cluster.problems) everyCluster
        ++ unique (numbered everyCluster) (numbered everyNode);
      warnings = concatMap (cluster: cluster.warnings) everyCluster;
    };

  textsOf = map (said: said.text);

  # The clusters of a topology without problems.
  sound =
    topology:
    let
      evaluated = evaluate topology;
      texts = textsOf evaluated.problems;
      count = toString (length texts);
    in
    if texts == [ ] then
      evaluated.clusters
    else
      throw "the topology has ${count} problem${
        if count == "1" then "" else "s"
      }:\n  ${concatStringsSep "\n  " texts}";

  # A member by name, or an error that says which there are.
  named =
    what: members: name:
    members.${name}
      or (throw "${shown name} is not a ${what} of the topology; known are: ${listed (attrNames members)}");

  describe =
    cluster: node:
    let
      config = configOf cluster node;
    in
    {
      inherit (node)
        name
        cluster
        disk
        ip
        mac
        rack
        role
        services
        site
        ;
      inherit (config) bootstrap;
      fqdn = config.node_fqdn or null;
      inherit config;
      configText = json config;
    };
in
rec {
  inherit evaluate names rules;

  # Whether a text is an IPv4 or IPv6 address.
  isAddress = text: (import ./address.nix).parse text != null;

  # What is wrong, and what is odd: lists of texts, one a line.
  problems = topology: textsOf (evaluate topology).problems;
  warnings = topology: textsOf (evaluate topology).warnings;

  # All nodes of all clusters by name, each with what it is and its configuration, as a value
  # (`config`) and as the text of the file (`configText`).
  nodesOf =
    topology:
    listToAttrs (
      concatMap (
        cluster:
        map (node: {
          inherit (node) name;
          value = describe cluster node;
        }) (attrValues cluster.nodes)
      ) (attrValues (sound topology))
    );

  # The configuration of a node, by the names of its cluster and its own.
  clusterConfig =
    topology: cluster: node:
    let
      found = named "cluster" (sound topology) cluster;
    in
    configOf found (named "node" found.nodes node);

  # The same by hostname alone.
  generateClusterConfig =
    topology:
    { hostname }:
    (named "node" (nodesOf topology) hostname).config;

  # What the PXE server uses: the nodes with a hardware address, in the form of its `nodes`.
  pxeNodes =
    topology:
    mapAttrs
      (_: node: {
        inherit (node) mac;
        address = node.ip;
        profile = node.role;
      })
      (
        let
          nodes = nodesOf topology;
        in
        removeAttrs nodes (filter (name: nodes.${name}.mac == null) (attrNames nodes))
      );
}
