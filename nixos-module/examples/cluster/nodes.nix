# The nodes of the topology next to this directory, with what is derived for each.
(import ../../lib/topology).nodesOf (import ../topology.nix).nix-nos
