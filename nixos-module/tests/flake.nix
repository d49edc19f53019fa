# The flake's outputs over stub inputs: the names that users and CI use, and that nothing of
# them fails to evaluate.
let
  pathOf = name: "/nix/store/00000000000000000000000000000000-${name}";
  derivation = name: {
    type = "derivation";
    inherit name;
    outPath = pathOf name;
    driver = pathOf "${name}-driver";
  };

  lib = {
    genAttrs =
      names: f:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = f name;
        }) names
      );
    mapAttrs' = f: set: builtins.listToAttrs (map (name: f name set.${name}) (builtins.attrNames set));
    mkDefault = value: value;
    unique = builtins.foldl' (seen: one: if builtins.elem one seen then seen else seen ++ [ one ]) [ ];
    generators.toPretty = _: builtins.toJSON;
    nixosSystem = given: {
      inherit given;
      config.system.build.netbootTree = derivation "netboot-tree";
    };
  };

  pkgs = {
    inherit lib;
    callPackage = path: given: derivation (baseNameOf path) // { inherit given; };
    pkgsStatic.callPackage = path: given: derivation "static-${baseNameOf path}" // { inherit given; };
    linkFarm = name: entries: derivation name // { inherit entries; };
    runCommand =
      name: attributes: script:
      derivation name // attributes // { inherit script; };
    writeText = name: text: derivation name // { inherit text; };
    mkShell = given: derivation "shell" // given;
    python3.withPackages = _: derivation "python3";
    testers.runNixOSTest = test: derivation test.name // { inherit test; };
    nixfmt-tree = derivation "nixfmt-tree";
  }
  // lib.genAttrs [
    "cargo"
    "clippy"
    "mdbook"
    "nixfmt"
    "python3"
    "rustc"
    "rustfmt"
  ] derivation
  // {
    python3 = derivation "python3" // {
      withPackages = _: derivation "python3";
    };
  };

  flake = import ../../flake.nix;
  # 2026-11-28, at noon.
  lastModified = 1795867200;
  rev = "0123456789abcdef0123456789abcdef01234567";
  outputs = outputsOf { inherit lastModified rev; };
  outputsOf = source: outputsWith source { };
  outputsWith =
    source: more:
    flake.outputs (
      {
        self = outputs // source;
        nixpkgs = {
          inherit lib;
          legacyPackages = {
            x86_64-linux = pkgs;
            aarch64-linux = pkgs;
          };
        };
        disko.nixosModules.disko = { };
      }
      // more
    );

  packageOf =
    abi: given:
    import ../package.nix (
      {
        etcd = "etcd";
        glibc.static = "static glibc";
        installShellFiles = "install shell files";
        lib = {
          optional = condition: value: if condition then [ value ] else [ ];
          optionalAttrs = condition: set: if condition then set else { };
          optionalString = condition: text: if condition then text else "";
        };
        stdenv.hostPlatform.isGnu = abi == "gnu";
        rustPlatform.buildRustPackage = make: make { };
      }
      // given
    );

  names = builtins.attrNames;
  foldersOf =
    folder:
    let
      entries = builtins.readDir folder;
    in
    builtins.filter (name: entries.${name} == "directory") (names entries);
  missing = expected: found: builtins.filter (name: !builtins.elem name (names found)) expected;
  profiles = names (import ../lib/images.nix).profiles;
  inherit (outputs.checks) x86_64-linux;
in
{
  everySystemHasEveryPackage = {
    expr = builtins.mapAttrs (_: names) outputs.packages;
    expected = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
      _:
      builtins.sort builtins.lessThan (
        [
          "cluster-standin"
          "default"
          "docs"
          "first-boot-agent"
          "first-boot-agent-musl"
          "pxe-config"
        ]
        ++ map (profile: "netboot-${profile}") profiles
      )
    );
  };

  # By the compiler that nixpkgs has ready, as on Debian; a Rust for musl is built only on request.
  theAgentIsStatic = {
    expr = [
      outputs.packages.aarch64-linux.default.name
      (packageOf "gnu" { }).env
      (packageOf "gnu" { }).buildInputs
      outputs.packages.aarch64-linux.first-boot-agent-musl.name
      (packageOf "musl" { }).env
      (packageOf "musl" { }).buildInputs
    ];
    expected = [
      "package.nix"
      { RUSTFLAGS = "-C target-feature=+crt-static"; }
      [ "static glibc" ]
      "static-package.nix"
      { }
      [ ]
    ];
  };

  # An unset clock counts from the source's date, not from 1980 or a constant; `--version` names the commit.
  theAgentIsOfTheSourcesDate = {
    expr =
      let
        inherit (outputs.packages.aarch64-linux.first-boot-agent) given;
        # As the module system would put it in.
        module = builtins.elemAt outputs.nixosModules.default.imports 1;
        config = builtins.elemAt module.imports 1 { inherit lib pkgs; };
      in
      [
        given
        (packageOf "musl" given).env
        (packageOf "musl" { }).env
        config.services.first-boot-automation.package.given
        (outputs.overlays.default pkgs { }).first-boot-agent.given
      ];
    expected = [
      {
        sourceDate = lastModified;
        commit = rev;
      }
      {
        # The day's beginning.
        SOURCE_DATE_EPOCH = "1795824000";
        FIRST_BOOT_COMMIT = "0123456789ab";
      }
      { }
      {
        sourceDate = lastModified;
        commit = rev;
      }
      {
        sourceDate = lastModified;
        commit = rev;
      }
    ];
  };

  # Of a work tree with changes, the flake knows the commit below them; of a folder without git, none.
  theAgentNamesItsCommit = {
    expr =
      map
        (
          source:
          (packageOf "musl" (outputsOf source).packages.x86_64-linux.first-boot-agent-musl.given)
          .env.FIRST_BOOT_COMMIT or null
        )
        [
          { inherit rev; }
          { dirtyRev = "${rev}-dirty"; }
          { }
        ];
    expected = [
      "0123456789ab"
      "0123456789ab-dirty"
      null
    ];
  };

  theTemplateIsThreeNodes = {
    expr =
      let
        inherit (outputs.templates) default;
        template = import (default.path + "/flake.nix");
        made = template.outputs {
          nixpkgs.lib = builtins // {
            nixosSystem = { modules }: modules;
          };
          first-boot = outputs;
        };
        modules = builtins.attrValues made.nixosConfigurations;
      in
      [
        (builtins.isString default.description)
        (names template.inputs)
        (names made.nixosConfigurations)
        (builtins.all (one: builtins.head one == outputs.nixosModules.default) modules)
        (builtins.filter (module: builtins.isPath module && !builtins.pathExists module) (
          builtins.concatLists modules
        ))
      ];
    expected = [
      true
      [
        "first-boot"
        "nixpkgs"
      ]
      [
        "node01"
        "node02"
        "node03"
      ]
      true
      [ ]
    ];
  };

  everyImageIsAConfiguration = {
    expr = missing (map (profile: "netboot-${profile}") profiles) outputs.nixosConfigurations;
    expected = [ ];
  };

  theExampleClusterIsThere = {
    expr = missing (names (import ../examples/cluster/nodes.nix)) outputs.nixosConfigurations;
    expected = [ ];
  };

  # The services' packages: an input and nothing else.
  thePlatformsOverlayIsOfEveryMachine = {
    expr =
      map
        (
          more:
          lib.unique (
            map (machine: (builtins.elemAt machine.given.modules 3).nixpkgs.overlays) (
              builtins.attrValues (outputsWith { } more).nixosConfigurations
            )
          )
        )
        [
          { }
          { platform.overlays.default = "the platform's"; }
        ];
    expected = [
      [ [ ] ]
      [ [ "the platform's" ] ]
    ];
  };

  everyServiceIsAModule = {
    expr = missing (
      [
        "default"
        "first-boot-automation"
        "monitoring"
        "pxe-server"
        "services"
      ]
      ++ names (import ../lib/services.nix).table
    ) outputs.nixosModules;
    expected = [ ];
  };

  everyScenarioIsACheck = {
    expr = missing (map (name: "scenario-${name}") (foldersOf ../../vm-tests/scenarios)) x86_64-linux;
    expected = [ ];
  };

  everyExampleConfigIsValidatedStrictly = {
    expr =
      let
        checks = builtins.filter (name: builtins.match "config-.*" name != null) (names x86_64-linux);
      in
      [
        (builtins.length checks >= 10)
        (builtins.filter (
          name: builtins.match ".*config validate --strict.*" x86_64-linux.${name}.script == null
        ) checks)
      ];
    expected = [
      true
      [ ]
    ];
  };

  everyFileOfCasesIsACheck = {
    expr = missing [
      "cases-config"
      "cases-services"
      "cases-units"
      "cases-vm-tests"
    ] x86_64-linux;
    expected = [ ];
  };

  everyPxeExampleIsRendered = {
    expr = names outputs.packages.x86_64-linux.pxe-config.entries;
    expected = names (import ../examples/pxe);
  };

  theDemoIsAScenario = {
    expr = outputs.apps.x86_64-linux.demo.program;
    expected = "${pathOf "first-boot-fourth-node-joins-driver"}/bin/nixos-test-driver";
  };

  everythingElseEvaluates = {
    expr =
      map (system: [
        outputs.devShells.${system}.default.type
        outputs.formatter.${system}.name
      ]) (names outputs.packages)
      ++ names (outputs.overlays.default pkgs { });
    expected = [
      [
        "derivation"
        "nixfmt-tree"
      ]
      [
        "derivation"
        "nixfmt-tree"
      ]
      "cluster-standin"
      "first-boot-agent"
      "first-boot-agent-musl"
    ];
  };
}
