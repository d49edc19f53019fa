# A node of a scenario as the framework of NixOS' tests makes a machine of it, with nixpkgs' lib: what the framework defines
# itself is there too, at its own priority.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluate = import ../stubs/nixos.nix {
    inherit lib;
    packages = package: {
      curl = package "curl";
      dnsmasq = package "dnsmasq";
      iptables = package "iptables";
      jq = package "jq";
      writeTextDir = path: text: package (baseNameOf path) // { inherit path text; };
    };
  };
  option = type: default: mkOption { inherit type default; };
  addresses = option (types.listOf types.attrs) [ ];
  framework = {
    options = {
      networking = {
        useDHCP = option types.bool true;
        firewall.enable = option types.bool true;
        resolvconf.enable = option types.bool true;
        extraHosts = option types.lines "";
        hosts = option (types.attrsOf (types.listOf types.str)) { };
        interfaces = mkOption {
          type = types.attrsOf (
            types.submodule {
              options = {
                ipv4.addresses = addresses;
                ipv6.addresses = addresses;
              };
            }
          );
        };
      };
      testing.initrdBackdoor = option types.bool false;
      system.activationScripts = option (types.attrsOf types.attrs) { };
      virtualisation = {
        memorySize = option types.ints.positive 1024;
        cores = option types.ints.positive 1;
        qemu.options = option (types.listOf types.str) [ ];
        credentials = mkOption {
          default = { };
          type = types.attrsOf (
            types.submodule {
              options.mechanism = option (types.enum [
                "fw_cfg"
                "smbios"
              ]) "fw_cfg";
              options.text = option (types.nullOr types.str) null;
            }
          );
        };
      };
    };
    config.networking = {
      extraHosts = "192.168.1.1 node04\n2001:db8:1::1 node04\n";
      hosts."127.0.0.2" = [ "node04" ];
      interfaces.eth1 = {
        ipv4.addresses = [ { address = "192.168.1.1"; } ];
        ipv6.addresses = [ { address = "2001:db8:1::1"; } ];
      };
    };
  };
  scenarios = (import ../../../vm-tests/nixos/scenarios.nix).played;
  # Services of the stand-ins are units of a package here.
  package = name: {
    type = "derivation";
    inherit name;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
    meta.mainProgram = name;
  };
  machine =
    scenario: node:
    evaluate [
      framework
      (import ../../../vm-tests/nixos/node.nix {
        agent = package "first-boot-agent" // {
          initrd = package "first-boot-agent-initrd";
        };
        standin = package "cluster-standin";
        certificates = "/nix/store/00000000000000000000000000000000-certificates";
        inherit scenario node;
      })
      { networking.hostName = node.name; }
    ];
  every = f: lib.mapAttrs (_: scenario: lib.mapAttrs (_: f scenario) scenario.nodes) scenarios;
  all = holds: lib.all (lib.all lib.id) (map lib.attrValues (lib.attrValues (every holds)));
in
{
  aNameIsOneAddress = {
    expr = all (
      scenario: node:
      let
        inherit (machine scenario node) networking;
      in
      networking.extraHosts == ""
      && networking.hosts == { "127.0.0.1" = [ "localhost" ]; } // scenario.hosts
      && networking.interfaces.eth1.ipv6.addresses == [ ]
      && map (one: one.address) networking.interfaces.eth1.ipv4.addresses == [ node.address ]
    );
    expected = true;
  };

  everyMachineEvaluates = {
    expr = all (
      scenario: node:
      let
        config = machine scenario node;
      in
      lib.deepSeq [
        config.assertions
        config.boot
        config.environment
        config.systemd.services
        config.testing
        config.virtualisation
      ] (config.services.first-boot-automation.enable == node.agent)
    );
    expected = true;
  };
}
