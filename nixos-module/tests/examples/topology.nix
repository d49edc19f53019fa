# The examples of topologies, as they are shipped: sound, and without a warning.
let
  topology = import ../../lib/topology;
  shipped = {
    one = (import ../../examples/topology.nix).nix-nos;
    twoSites = (import ../../examples/topology-two-sites.nix).nix-nos;
  };
in
{
  "the examples are sound" = {
    expr = builtins.mapAttrs (_: example: {
      problems = topology.problems example;
      warnings = topology.warnings example;
    }) shipped;
    expected = builtins.mapAttrs (_: _: {
      problems = [ ];
      warnings = [ ];
    }) shipped;
  };

  "whose cluster each node of two sites is in" = {
    expr = builtins.mapAttrs (_: node: node.cluster) (topology.nodesOf shipped.twoSites);
    expected = {
      osaka01 = "osaka";
      osaka02 = "osaka";
      osaka03 = "osaka";
      osaka-vm01 = "osaka";
      tokyo01 = "tokyo";
      tokyo02 = "tokyo";
      tokyo03 = "tokyo";
    };
  };
}
