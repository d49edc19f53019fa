# The module of each service by name, made of the rows of the table in ../lib/services.nix.
#
# Each has a key, so that it is there once however often it is imported: alone, among all, or by
# another module. Import it from here.
builtins.mapAttrs (name: _: {
  key = "first-boot-agent/services/${name}";
  _file = ./service.nix;
  imports = [
    (import ./service.nix name)
  ]
  ++ (if name == "prismnet" then [ ./novanet.nix ] else [ ]);
}) (import ../lib/services.nix).table
