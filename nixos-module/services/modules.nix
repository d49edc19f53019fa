# The module of each service by name, made of the rows of the table in ../lib/services.nix.
#
# Each has a key, so that it is there once however often it is imported: by itself, among all, or
# by another module. Whoever needs one takes it from here.
builtins.mapAttrs (name: _: {
  key = "first-boot-agent/services/${name}";
  _file = ./service.nix;
  imports = [
    (import ./service.nix name)
  ]
  ++ (if name == "prismnet" then [ ./novanet.nix ] else [ ]);
}) (import ../lib/services.nix).table
