# What every netboot image is: an installer in RAM that is reachable by SSH key and by serial
# line, and that nixos-anywhere takes as it is (variant_id "installer": no kexec needed).
#
# Must not hold a secret, nor anyone's key: the image is served to anyone who asks. Lists are in
# ../lib/images.nix.
{
  config,
  lib,
  modulesPath,
  options,
  pkgs,
  ...
}:
let
  images = import ../lib/images.nix;
  never = lib.mkForce false;

  # Files that are the same in two directories are links between them.
  nicFirmware = pkgs.runCommand "nic-firmware" { } ''
    cd ${pkgs.linux-firmware}/lib/firmware
    mkdir --parents "$out/lib/firmware"
    cp --recursive --dereference --parents --target-directory="$out/lib/firmware" \
      ${lib.concatStringsSep " " images.nicFirmware}
  '';
in
import ../lib/oldest-nixos.nix lib {
  imports = [
    (modulesPath + "/installer/netboot/netboot-minimal.nix")
    ../default.nix
  ];

  config = lib.mkMerge [
    {
      boot = {
        kernelPackages = lib.mkDefault pkgs.linuxPackages_latest;
        kernelParams = images.kernelParameters pkgs.stdenv.hostPlatform;
        consoleLogLevel = lib.mkDefault 4;
        # Lags behind the latest kernel, and then nothing builds.
        supportedFilesystems.zfs = never;
        # Networking is enabled if a CA certificate is set (initrd.caFile).
        initrd.availableKernelModules = lib.mkIf config.boot.initrd.network.enable images.networkModules;
      };

      # The minimal profile leaves out all firmware, without which some NICs do not work.
      hardware.firmware = [ nicFirmware ];

      environment.systemPackages = map (name: pkgs.${name}) (
        lib.concatLists (lib.attrValues images.tools)
      );

      # The agent's command and its initrd stage. The joins belong to the installed system.
      services.first-boot-automation.installer = true;

      networking = {
        useNetworkd = true;
        useDHCP = lib.mkDefault true;
        usePredictableInterfaceNames = true;
        networkmanager.enable = never;
        wireless.enable = never;
      };

      services.openssh = {
        enable = true;
        settings = {
          PermitRootLogin = lib.mkForce "prohibit-password";
          PasswordAuthentication = false;
          KbdInteractiveAuthentication = false;
        };
      };

      # Keys for an unmodified image, from the kernel command line or the firmware:
      # systemd.set_credential=ssh.authorized_keys.root:"ssh-ed25519 …".
      systemd.tmpfiles.settings."10-installer-keys" = {
        "/root/.ssh".d.mode = "0700";
        "/root/.ssh/authorized_keys"."f^" = {
          mode = "0600";
          argument = "ssh.authorized_keys.root";
        };
      };

      # For size: nobody reads manuals on an installer, and it builds nothing.
      documentation = {
        enable = never;
        doc.enable = never;
        info.enable = never;
        man.enable = never;
        nixos.enable = never;
      };
      i18n.defaultLocale = "en_US.UTF-8";
      i18n.extraLocales = [ ];
      system.installer.channel.enable = false;
      system.extraDependencies = lib.mkForce [ ];

      # It keeps nothing.
      system.stateVersion = lib.mkOverride 900 lib.trivial.release;
    }
    # The installer of nixpkgs has empty passwords, and is logged in on every console: anyone
    # with serial-over-LAN access would be root.
    (lib.mkIf (!config.services.first-boot-automation.installerConsoleLogin) {
      services.getty.autologinUser = lib.mkForce null;
      services.getty.helpLine = lib.mkForce "";
      users.users = lib.genAttrs [ "root" "nixos" ] (_: {
        initialHashedPassword = lib.mkForce null;
      });
    })
    # If disko's module is imported, it must not take the installer for the target.
    (lib.optionalAttrs (options ? disko) { disko.enableConfig = false; })
  ];
}
