# The nodes of the topology beside this folder, with what follows for each.
(import ../../lib/topology).nodesOf (import ../topology.nix).nix-nos
