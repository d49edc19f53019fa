# The outputs of the flake, as a function of its inputs. Derived from the files in the
# directories: a new scenario, example or case file is a check without being named here.
{
  self,
  nixpkgs,
  disko,
  ...
}@inputs:
let
  inherit (nixpkgs) lib;

  systems = [
    "x86_64-linux"
    "aarch64-linux"
  ];
  perSystem = f: lib.genAttrs systems (system: f system nixpkgs.legacyPackages.${system});

  # Nothing else knows them: in the store, every file is dated 1970, and there is no git.
  sourceDate = self.lastModified or null;
  commit = self.rev or self.dirtyRev or null;

  overlay = final: _: {
    inherit
      (import ./packages.nix {
        pkgs = final;
        inherit sourceDate commit;
      })
      first-boot-agent
      first-boot-agent-musl
      cluster-standin
      ;
  };

  modules = import ./modules.nix { inherit disko overlay; };
  machines = import ./machines.nix {
    inherit lib modules;
    # An input of that name brings the packages of the services.
    overlays = if inputs ? platform then [ inputs.platform.overlays.default ] else [ ];
  };

  packagesOf =
    system: pkgs:
    import ./packages.nix { inherit pkgs sourceDate commit; }
    // lib.mapAttrs' (profile: machine: {
      name = "netboot-${profile}";
      value = machine.config.system.build.netbootTree;
    }) (machines.netboot system);
in
{
  packages = perSystem packagesOf;

  overlays.default = overlay;

  nixosModules = modules.exported;

  templates.default = {
    path = ../template;
    description = "Three nodes of an etcd cluster, joined by first-boot-agent";
    welcomeText = ''
      Set first-boot.url and the addresses in flake.nix, and add hardware and network to node01.nix and
      the others. docs/src/how-to/nixos.md of first-boot-agent has every step.
    '';
  };

  nixosConfigurations =
    lib.mapAttrs' (profile: machine: {
      name = "netboot-${profile}";
      value = machine;
    }) (machines.netboot "x86_64-linux")
    // machines.exampleCluster "x86_64-linux";

  checks = perSystem (
    system: pkgs:
    import ./checks.nix {
      inherit pkgs;
      packages = packagesOf system pkgs;
    }
  );

  apps = perSystem (
    system: _: {
      # Four emulated machines become one cluster; its output shows what happened.
      demo = {
        type = "app";
        program = "${self.checks.${system}.scenario-fourth-node-joins.driver}/bin/nixos-test-driver";
        meta.description = "Boots three nodes, and lets a fourth join";
      };
    }
  );

  devShells = perSystem (
    _: pkgs: {
      default = pkgs.mkShell {
        packages = [
          pkgs.cargo
          pkgs.clippy
          pkgs.etcd
          pkgs.jq
          pkgs.mdbook
          pkgs.mypy
          pkgs.nixfmt
          (pkgs.python3.withPackages (python: [ python.pytest ]))
          pkgs.python3Packages.pyflakes
          pkgs.rustc
          pkgs.rustfmt
          pkgs.shellcheck
        ];
      };
    }
  );

  formatter = perSystem (_: pkgs: pkgs.nixfmt-tree);
}
