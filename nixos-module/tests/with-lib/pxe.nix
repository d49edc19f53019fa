# The PXE server's module, with nixpkgs' `lib` and stand-ins for the options that it sets.
{ lib }:
let
  inherit (lib) mkOption types;
  anything = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  # In the store, as packages are: what cannot refer to it must not.
  package = name: {
    type = "derivation";
    inherit name;
    outPath = builtins.toFile name "";
  };
  pkgs = {
    ipxe = package "ipxe";
    kea = package "kea";
    stdenv.hostPlatform = {
      isx86 = true;
      isx86_64 = true;
      isAarch64 = false;
    };
    linkFarm = name: entries: builtins.deepSeq entries "/store/${name}";
    writeText = name: text: "/store/${name}";
    formats.json = _: { type = types.attrsOf types.anything; };
  };
  stubs.options = {
    assertions = mkOption { type = types.listOf types.anything; };
    networking.firewall.interfaces = anything;
    systemd.tmpfiles.settings = anything;
    services = {
      dnsmasq = anything;
      kea.package = mkOption { default = pkgs.kea; };
      kea.dhcp4 = anything;
      nginx = anything;
      prometheus = anything;
    };
  };
  evaluate =
    module:
    (lib.evalModules {
      modules = [
        stubs
        ../../pxe-server.nix
        module
        { _module.args.pkgs = pkgs; }
      ];
    }).config;
  exampleFiles = lib.filterAttrs (name: _: name != "default.nix" && lib.hasSuffix ".nix" name) (
    builtins.readDir ../../examples/pxe
  );
  examples = lib.mapAttrs (name: _: evaluate (../../examples/pxe + "/${name}")) exampleFiles;
  byMac = examples."by-mac.nix";
in
{
  noExampleHasProblems = {
    expr = lib.mapAttrs (_: config: config.assertions) examples;
    expected = lib.mapAttrs (_: _: [ ]) examples;
  };
  # The module says the same as the pure functions do of the same settings.
  nothingIsLostOnTheWay = {
    expr = lib.mapAttrs (_: config: config.services.nginx.virtualHosts) examples;
    expected = lib.mapAttrs' (
      name: given: lib.nameValuePair "${name}.nix" ((import ../../lib/pxe).nginxVirtualHosts given)
    ) (import ../../examples/pxe);
  };
  dnsmasqGetsTheRules = {
    expr = byMac.services.dnsmasq.settings.dhcp-boot;
    expected = [
      "tag:subnet/provisioning,tag:client/ipxe,http://10.0.100.10/boot.ipxe,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/efi64,tag:!client/http,tag:!client/ipxe,efi64/ipxe.efi,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/bios,tag:!client/http,tag:!client/ipxe,bios/undionly.kpxe,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/efi64,tag:client/http,tag:!client/ipxe,http://10.0.100.10/ipxe/efi64/ipxe.efi"
    ];
  };
  onlyNeededPortsAreOpen = {
    expr = lib.mapAttrs (_: config: config.networking.firewall.interfaces) {
      inherit (examples) "failover.nix" "development.nix" "https.nix";
    };
    expected = {
      "failover.nix".eth1 = {
        allowedUDPPorts = [
          67
          69
        ];
        allowedTCPPorts = [
          80
          8000
        ];
      };
      "development.nix".eth0 = {
        allowedUDPPorts = [
          67
          69
          4011
        ];
        allowedTCPPorts = [ 8000 ];
      };
      "https.nix".eth1 = {
        allowedUDPPorts = [
          67
          69
        ];
        allowedTCPPorts = [
          80
          443
        ];
      };
    };
  };
  keaRunsOnlyWhereAsked = {
    expr = lib.mapAttrs (_: config: config.services.kea.dhcp4 != { }) {
      inherit (examples) "failover.nix" "by-mac.nix";
    };
    expected = {
      "failover.nix" = true;
      "by-mac.nix" = false;
    };
  };
  filesAreLinked = {
    expr = lib.mapAttrs (_: rule: rule."L+".argument or "folder") (
      byMac.systemd.tmpfiles.settings."10-pxe-boot-server"
    );
    expected = {
      "/var/lib/pxe-boot/http" = "folder";
      "/var/lib/pxe-boot/http/boot.ipxe" = "/store/pxe-scripts/boot.ipxe";
      "/var/lib/pxe-boot/http/config" = "folder";
      "/var/lib/pxe-boot/http/health" = "/store/pxe-scripts/health";
      "/var/lib/pxe-boot/http/images" = "folder";
      "/var/lib/pxe-boot/http/ipxe" = "/store/pxe-loaders";
      "/var/lib/pxe-boot/http/menu.ipxe" = "/store/pxe-scripts/menu.ipxe";
      "/var/lib/pxe-boot/http/nodes" = "/store/pxe-scripts/nodes";
      "/var/lib/pxe-boot/http/profiles" = "/store/pxe-scripts/profiles";
      "/var/lib/pxe-boot/tftp" = "folder";
      "/var/lib/pxe-boot/tftp/bios" = "/store/pxe-loaders/bios";
      "/var/lib/pxe-boot/tftp/efi64" = "/store/pxe-loaders/efi64";
    };
  };
  theSeedsNameIsAnAlias = {
    expr =
      (evaluate {
        services.centra-pxe-server = {
          enable = true;
          inherit ((import ../../examples/pxe).single-subnet) serverAddress subnets;
        };
      }).services.dnsmasq.enable;
    expected = true;
  };
  wrongSettingsAreAssertions = {
    expr =
      map (each: each.message)
        (evaluate {
          services.pxe-boot-server = {
            enable = true;
            serverAddress = "10.0.100.10";
          };
        }).assertions;
    expected = [
      "services.pxe-boot-server: subnets: none; describe the network that the nodes boot from"
    ];
  };
}
