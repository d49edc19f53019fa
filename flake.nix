# The flake: names for the files of nixos-module, and nothing else. Everything can be imported
# without flakes as well (nixos-module/README.md).
{
  description = "Makes a freshly installed machine a member of its cluster, unattended";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    disko = {
      url = "github:nix-community/disko";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs = inputs: import ./nixos-module/flake inputs;
}
