# The modules of the platform's services: one for each row of the table in ../lib/services.nix.
{
  imports =
    map (name: import ./service.nix name) (builtins.attrNames (import ../lib/services.nix).table)
    ++ [ ./fiberlb-bgp.nix ];
}
