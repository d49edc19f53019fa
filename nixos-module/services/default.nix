# The modules of the platform's services: one for each row of the table in ../lib/services.nix.
{ lib, ... }:
{
  imports =
    map (name: import ./service.nix name) (builtins.attrNames (import ../lib/services.nix).table)
    ++ [
      ./fiberlb-bgp.nix
      # What prismnet was called before.
      (lib.mkAliasOptionModule [ "services" "novanet" ] [ "services" "prismnet" ])
    ];
}
