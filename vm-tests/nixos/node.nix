# A node of a scenario as a NixOS test machine.
#
# What an installer leaves on a disk is put there before the first boot's services start, once:
# scenarios change and remove these files, and look for them after a reboot.
{
  # The agent and the stand-ins, as packages.
  agent,
  standin,
  # All of the scenario, and this node of it (see ./scenarios.nix).
  scenario,
  node,
  # The folder of certificates of the scenario.
  certificates,
}:
{ lib, pkgs, ... }:
let
  inherit (import ./scenarios.nix) secrets;
  inherit (builtins)
    attrNames
    baseNameOf
    concatStringsSep
    readFile
    toString
    ;

  put =
    mode: source: path:
    "install -D --mode=${mode} ${source} '${path}'";
  putText =
    files: path: put files.${path}.mode (pkgs.writeText (baseNameOf path) files.${path}.text) path;
  provisioned = "/var/lib/first-boot-tests/provisioned";

  # The units of the stand-ins, the very files that the harness installs, and further drop-ins.
  unit =
    name:
    pkgs.writeTextDir "lib/systemd/system/${name}.service" (
      builtins.replaceStrings
        [ "/usr/lib/first-boot-tests/cluster-standin" ]
        [ "${standin}/bin/cluster-standin" ]
        (readFile (../harness/units + "/${name}.service"))
    );
  dropIn =
    path:
    pkgs.writeTextDir
      "lib/systemd/system${builtins.head (builtins.match "/etc/systemd/system(/.*)" path)}"
      node.unitFiles.${path}.text;
in
{
  imports = [ ../../nixos-module ];

  services.first-boot-automation = {
    enable = node.agent;
    package = agent;
    # As in the harness: the CA is beside the agent.
    initrd = lib.mkIf (node.hardware.initrd.agent or false) {
      enable = true;
      caFile = "${certificates}/ca.crt";
    };
  };

  systemd.packages = [
    agent
  ]
  ++ map unit node.services
  ++ map dropIn (attrNames node.unitFiles);
  systemd.services = lib.genAttrs node.services (_: {
    wantedBy = [ "multi-user.target" ];
  });

  # What the commands of the first-boot specification need, as in harness/rootfs.py.
  environment.systemPackages = [
    agent
    pkgs.curl
    pkgs.dnsmasq
    pkgs.iptables
    pkgs.jq
  ];

  networking = {
    useDHCP = false;
    firewall.enable = false;
    resolvconf.enable = false;
    # The driver's own names and addresses, of a network that no scenario knows.
    extraHosts = lib.mkForce "";
    hosts = lib.mkForce ({ "127.0.0.1" = [ "localhost" ]; } // scenario.hosts);
    interfaces.eth1 = {
      ipv4.addresses = lib.mkForce [
        {
          inherit (node) address;
          prefixLength = 24;
        }
      ];
      ipv6.addresses = lib.mkForce [ ];
    };
  };

  # Commands are run in the initrd, until `switch_root()`.
  testing.initrdBackdoor = node.hardware.initrd.shell or false;

  boot.kernelParams = node.hardware.kernel_command_line or [ ];
  virtualisation = {
    memorySize = node.hardware.memory_mib or 1024;
    cores = node.hardware.cpus or 1;
    credentials = builtins.mapAttrs (
      _: value:
      {
        text = if builtins.isString value then value else builtins.toJSON value;
      }
      # Without it the platform's own: not every one has SMBIOS.
      // lib.optionalAttrs (node.hardware ? credential_transport) {
        mechanism = node.hardware.credential_transport;
      }
    ) (node.hardware.credentials or { });
    qemu.options =
      lib.optional (node.hardware ? clock) "-rtc base=${node.hardware.clock},clock=vm"
      ++ lib.optional (node.hardware ? uuid) "-uuid ${node.hardware.uuid}"
      ++ lib.optional (node.hardware ? serial) "-smbios type=1,serial=${node.hardware.serial}";
  };

  system.activationScripts.first-boot-tests = {
    deps = [ "etc" ];
    text = ''
      if ! [ -e ${provisioned} ]; then
        install -d --mode=0700 ${secrets}
        ${concatStringsSep "\n  " (
          [
            (put "0644" "${certificates}/ca.crt" "${secrets}/ca.crt")
            (put "0644" "${certificates}/${node.name}.crt" "${secrets}/${node.name}.crt")
            (put "0600" "${certificates}/${node.name}.key" "${secrets}/${node.name}.key")
          ]
          ++ map (putText node.files) (attrNames node.files)
        )}
        install -D --mode=0644 /dev/null ${provisioned}
        sync
      fi
    '';
  };
}
