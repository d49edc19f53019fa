{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.first-boot.url = "github:OWNER/first-boot-agent/COMMIT"; # pinned: replace both
  inputs.first-boot.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, first-boot, ... }:
    {
      nixosConfigurations.node01 = nixpkgs.lib.nixosSystem {
        modules = [
          first-boot.nixosModules.default
          ./node01.nix # hardware, network, services.etcd
          {
            services.first-boot-automation = {
              enable = true;
              enableChainfire = false;
              enableFlareDB = false;
              enableIAM = false;
              additionalServices = [ "etcd" ];
            };
          }
        ];
      };
    };
}
