# What the nodes of the example have in common. The topology says who they are; secrets come
# by nixos-anywhere's --extra-files (see prepare-extra-files.sh), never through the Nix store.
#
# Must not know one node from another: called with the node's name.
name:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  nodes = import ./nodes.nix;
  node = nodes.${name};

  # The services' packages come by an overlay of the platform. Without it the rest of the
  # system is still built and checked.
  isPackaged = service: pkgs ? "${service}-server";
  missing = builtins.filter (service: !isPackaged service) node.services;

  keys = config.users.users.root.openssh.authorizedKeys;

  peers = {
    chainfire = node.config.initial_peers;
    flaredb = node.config.flaredb_peers;
  };

  platformService = service: {
    enable = isPackaged service;
    openFirewall = true;
    credentials = {
      "ca.crt" = "/etc/nixos/secrets/ca.crt";
      "node.crt" = "/etc/nixos/secrets/${name}.crt";
      "node.key" = "/etc/nixos/secrets/${name}.key";
    };
    settings = {
      node_id = name;
      tls = {
        ca_path = "/run/credentials/${service}.service/ca.crt";
        cert_path = "/run/credentials/${service}.service/node.crt";
        key_path = "/run/credentials/${service}.service/node.key";
      };
    }
    // lib.optionalAttrs (node.bootstrap && peers ? ${service}) {
      initial_cluster = peers.${service};
    };
  };
in
{
  imports = [
    ../../default.nix
    ../topology.nix
  ];

  warnings =
    lib.optional (keys.keyFiles ++ keys.keys == [ ]) ''
      ${name}: nobody can log in. Put your public key into
      nixos-module/examples/cluster/authorized_keys, and add it to git (git add): a flake sees no
      other files.
    ''
    ++ lib.optional (missing != [ ]) ''
      ${name}: there are no packages for ${lib.concatStringsSep ", " missing}, so these services
      stay off, and the agent will wait for them. Add the platform's overlay.
    '';

  # To replace a disk by hand (docs/src/how-to/replace-a-disk.md).
  environment.systemPackages = [ pkgs.gptfdisk ];

  services = lib.mkMerge [
    (lib.genAttrs node.services platformService)
    {
      first-boot-automation.enable = true;

      openssh = {
        enable = true;
        settings = {
          PermitRootLogin = "prohibit-password";
          PasswordAuthentication = false;
          KbdInteractiveAuthentication = false;
        };
      };
    }
  ];

  users.users.root.openssh.authorizedKeys.keyFiles =
    lib.optional (builtins.pathExists ./authorized_keys) ./authorized_keys;

  networking = {
    hostName = name;
    useNetworkd = true;
    # The PXE server reserves the topology's address for this machine.
    useDHCP = lib.mkDefault true;
    # Peers are reached by their full names, even while no DNS server is available.
    hosts = lib.mapAttrs' (_: other: lib.nameValuePair other.ip [ other.fqdn ]) (
      lib.filterAttrs (_: other: other.fqdn != null) nodes
    );
  };

  # Drivers of servers' disk controllers, if there is no generated hardware configuration.
  boot.initrd.availableKernelModules = [
    "ahci"
    "megaraid_sas"
    "mpt3sas"
    "nvme"
    "sd_mod"
    "virtio_blk"
    "virtio_pci"
    "virtio_scsi"
    "xhci_pci"
  ];
  boot.kernelParams = (import ../../lib/images.nix).kernelParameters pkgs.stdenv.hostPlatform;
  hardware.enableRedistributableFirmware = true;

  system.stateVersion = "26.05";
}
