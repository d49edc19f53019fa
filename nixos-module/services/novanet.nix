# The platform's documents say NovaNET as well; both names are the same service.
{ lib, ... }:
{
  imports = [ (lib.mkAliasOptionModule [ "services" "novanet" ] [ "services" "prismnet" ]) ];
}
