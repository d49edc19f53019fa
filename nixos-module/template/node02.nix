# node02 alone: copy its /etc/nixos/configuration.nix, and what that imports, into a folder node02 beside this file, and import it. It
# has the address that flake.nix names. Delete its networking.hostName, which flake.nix sets.
{
  # imports = [ ./node02/configuration.nix ];
}
