# The modules of the platform's services.
{
  imports = builtins.attrValues (import ./modules.nix) ++ [ ./fiberlb-bgp.nix ];
}
