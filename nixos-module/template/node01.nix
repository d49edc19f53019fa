# node01 alone: copy its /etc/nixos/configuration.nix, and what that imports, into a folder node01 beside this file, and import it. It
# has the address that flake.nix names. Delete its networking.hostName, which flake.nix sets.
{
  # imports = [ ./node01/configuration.nix ];
}
