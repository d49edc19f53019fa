# The table of topologies in `topology/`, sound and wrong ones. The files beside them are what the
# command without Nix is held to as well (`topology/tests/topology.rs`), so that the two cannot differ.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    filter
    fromJSON
    head
    listToAttrs
    mapAttrs
    match
    readDir
    readFile
    ;
  topology = import ../lib/topology;

  namesIn =
    folder:
    concatMap (
      file:
      let
        found = match "(.*)\\.json" file;
      in
      if found == null then [ ] else [ (head found) ]
    ) (attrNames (readDir folder));

  given = folder: name: fromJSON (readFile (folder + "/${name}.json"));
  lines = texts: concatStringsSep "" (map (text: text + "\n") texts);

  casesOf =
    prefix: folder: case:
    listToAttrs (
      map (name: {
        name = "${prefix} ${name}";
        value = case name (given folder name);
      }) (namesIn folder)
    );

  wrong = casesOf "wrong" ./topology/wrong (
    name: value: {
      expr = lines (topology.problems value);
      expected = readFile (./topology/wrong + "/${name}.txt");
    }
  );

  good = casesOf "good" ./topology/good (
    name: value: {
      expr = {
        problems = topology.problems value;
        warnings = lines (topology.warnings value);
        configs = mapAttrs (_: node: node.configText) (topology.nodesOf value);
      };
      expected =
        let
          folder = ./topology/good + "/${name}";
        in
        {
          problems = [ ];
          warnings = readFile (folder + "/warnings.txt");
          configs = listToAttrs (
            map (node: {
              name = node;
              value = readFile (folder + "/${node}.json");
            }) (namesIn folder)
          );
        };
    }
  );

  four = given ./topology/good "four-nodes";
in
wrong
// good
// {
  # A machine boots the profile of its role, from the image of that profile.
  "every role has a profile and an image" = {
    expr = [
      (attrNames (import ../lib/pxe).defaults.profiles)
      (attrNames (import ../lib/images.nix).profiles)
    ];
    expected = [
      (attrNames topology.rules.roles)
      (attrNames topology.rules.roles)
    ];
  };

  "a wrong topology has no configurations" = {
    expr = topology.nodesOf (given ./topology/wrong "leader-unknown");
    expectedError = "the topology has 1 problem:\n *prod-cluster: leader node09 is not a node of this cluster";
  };

  "a configuration by hostname is that of the cluster's node" = {
    expr = topology.generateClusterConfig four { hostname = "node04"; };
    expected = topology.clusterConfig four "prod-cluster" "node04";
  };

  "a host that the topology does not know" = {
    expr = topology.generateClusterConfig four { hostname = "node09"; };
    expectedError = "node09 is not a node of the topology; known are: node01, node02, node03, node04";
  };

  "a cluster that the topology does not know" = {
    expr = topology.clusterConfig four "lab" "node01";
    expectedError = "lab is not a cluster of the topology; known are: prod-cluster";
  };

  "the PXE server's nodes are those with a hardware address" = {
    expr = topology.pxeNodes (
      four
      // {
        clusters = four.clusters // {
          lab.nodes.lab01 = {
            role = "all-in-one";
            ip = "10.0.9.1";
          };
        };
      }
    );
    expected = mapAttrs (_: node: {
      inherit (node) mac;
      address = node.ip;
      profile = node.role;
    }) four.clusters.prod-cluster.nodes;
  };
}
