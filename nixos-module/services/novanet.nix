# The platform also uses the name NovaNET; it is the same service.
{ lib, ... }:
{
  imports = [ (lib.mkAliasOptionModule [ "services" "novanet" ] [ "services" "prismnet" ]) ];
}
