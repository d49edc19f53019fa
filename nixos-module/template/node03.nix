# node03 alone: copy its /etc/nixos/configuration.nix, and what that imports, into a folder node03 beside this file, and import it. It
# has the address that flake.nix names. Delete its networking.hostName, which flake.nix sets.
{
  # imports = [ ./node03/configuration.nix ];
}
