# What prismnet was called before.
{ lib, ... }:
{
  imports = [ (lib.mkAliasOptionModule [ "services" "novanet" ] [ "services" "prismnet" ]) ];
}
