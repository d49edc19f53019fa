# The platform's documents also use the name NovaNET; it is the same service.
{ lib, ... }:
{
  imports = [ (lib.mkAliasOptionModule [ "services" "novanet" ] [ "services" "prismnet" ]) ];
}
