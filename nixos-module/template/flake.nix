{
  # Set the release that the machines run (nixos-25.11 or later): a switch brings them to this one.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.first-boot.url = "github:OWNER/first-boot-agent/COMMIT"; # pinned: replace both
  inputs.first-boot.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, first-boot, ... }:
    let
      inherit (nixpkgs) lib;
      # They begin the cluster. This list stays as it is when the cluster grows.
      first = {
        node01 = "10.0.1.10";
        node02 = "10.0.1.11";
        node03 = "10.0.1.12";
      };
      # They join it.
      later = {
        # node04 = "10.0.1.13";
      };
      node =
        name: address:
        lib.nixosSystem {
          modules = [
            first-boot.nixosModules.default
            (import ./etcd.nix name)
            ./${name}.nix # hardware, network, who may log in
            {
              services.first-boot-automation.settings = {
                cluster_name = "prod";
                bootstrap = first ? ${name};
                leader_url = if first ? ${name} then null else "https://${first.node01}:2379";
                raft_addr = "${address}:2380";
                initial_peers = map (peer: "${peer}:2380") (lib.attrValues first);
              };
            }
          ];
        };
    in
    {
      nixosConfigurations = lib.mapAttrs node (first // later);
    };
}
