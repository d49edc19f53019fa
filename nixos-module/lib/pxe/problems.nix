# Everything that is wrong with completed settings: a list of sentences, each of which
# names the object, what was found, and what to do. All at once, none hides another.
server:
builtins.concatLists [
  (import ./problems/server.nix server)
  (import ./problems/subnets.nix server)
  (import ./problems/nodes.nix server)
  (import ./problems/parameters.nix server)
]
