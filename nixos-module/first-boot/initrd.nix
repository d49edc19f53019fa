# The agent in the initrd: it finds the configuration before there is a root file system.
#
# Must not put a secret into the image: what `contents` holds is in the Nix store.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.first-boot-automation;
  configuration = import ../lib/config.nix;
  units = import ../lib/units.nix;

  # A CA certificate alone is enough: a PXE server may supply the URL.
  fetches = cfg.initrd.configUrl != null || cfg.initrd.caFile != null;
  configFile = toString cfg.configFile;
  generated = cfg.enable && configuration.pruned cfg.settings != { };
  parameter = name: value: lib.optional (value != null) "first_boot.${name}=${toString value}";
in
{
  options.services.first-boot-automation.initrd = {
    enable = lib.mkEnableOption "the agent's stage in the initrd" // {
      default = cfg.installer;
      defaultText = lib.literalExpression "config.services.first-boot-automation.installer";
    };

    configFile = mkOption {
      type = types.nullOr types.externalPath;
      default = null;
      example = "/etc/nixos/secrets/cluster-config.json";
      description = ''
        Configuration file that is added to the initrd as a secret when the boot loader is
        installed (see {option}`boot.initrd.secrets`). Do not use this for images that are
        served over the network, nor for a generated file, which is only written once the system
        is running.
      '';
    };

    caFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = lib.literalExpression "./ca.crt";
      description = ''
        CA certificate used to verify the server at
        {option}`services.first-boot-automation.initrd.configUrl`, or at the URL supplied by a
        PXE server. Certificates are public, so it may be in the Nix store. Setting this or
        `configUrl` enables networking in the initrd ({option}`boot.initrd.network.enable`); the
        driver of the NIC must be listed in {option}`boot.initrd.availableKernelModules`.
      '';
    };

    configUrl = mkOption {
      # Excludes the characters that boot loaders would interpret themselves.
      type = types.nullOr (types.strMatching "https://[]A-Za-z0-9._~:/%+,=}{$[-]+");
      default = null;
      example = "https://boot.example.com/configs/cluster-config.json";
      description = ''
        HTTPS URL from which the initrd fetches a configuration if no other source provides one.
        `''${uuid}`, `''${serial}` and `''${mac}` are replaced with the values of the machine,
        so that one image can serve many machines. These placeholders cannot be used with GRUB,
        which expands them as variables of its own.
      '';
    };

    configSha256 = mkOption {
      type = types.nullOr (types.strMatching "[0-9a-f]{64}");
      default = null;
      description = "SHA-256 digest that the fetched configuration must match.";
    };

    required = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to stop the boot if no valid configuration is found.";
    };

    timeout = mkOption {
      type = types.nullOr (types.strMatching "([1-9][0-9]?|[1-5][0-9][0-9]|600)s|([1-9]|10)min");
      default = null;
      example = "2min";
      description = ''
        Maximum time that the boot waits for a configuration, from 1s to 10min. If `null`, the
        agent's default of 60s applies.
      '';
    };
  };

  config = lib.mkIf cfg.initrd.enable {
    assertions = [
      {
        assertion = config.boot.initrd.systemd.enable;
        message = ''
          services.first-boot-automation.initrd needs systemd in the initrd: set
          boot.initrd.systemd.enable = true, or services.first-boot-automation.initrd.enable = false.
        '';
      }
      {
        assertion = cfg.initrd.configSha256 != null -> cfg.initrd.configUrl != null;
        message = ''
          services.first-boot-automation.initrd.configSha256 is the digest of what configUrl gives:
          set configUrl as well.
        '';
      }
      {
        assertion = !(config.boot.loader.grub.enable && lib.hasInfix "$" (toString cfg.initrd.configUrl));
        message = ''
          services.first-boot-automation.initrd.configUrl: GRUB would take what begins with $ for
          variables of its own, which are empty. Write the URL of this machine, or use systemd-boot.
        '';
      }
      {
        assertion = cfg.installer -> cfg.initrd.configFile == null;
        message = ''
          services.first-boot-automation.initrd.configFile: a netboot image has no boot loader that would add a secret; NixOS
          then takes it from the Nix store, into an image that is served to every client. Deliver it by
          initrd.configUrl, by a credential, or on a partition.
        '';
      }
      {
        assertion = !(generated && cfg.initrd.configFile == configFile);
        message = ''
          services.first-boot-automation.initrd.configFile is generated from settings, and not there
          yet when the boot loader is installed. Unset it: the installed system finds the file.
        '';
      }
      {
        assertion = cfg.initrd.required && generated -> cfg.initrd.configUrl != null;
        message = ''
          services.first-boot-automation.initrd.required: the configuration is generated from settings,
          and on a first boot not there yet when the initrd looks for it: no machine would come up.
          Set initrd.configUrl, deliver a file of its own instead of settings, or set required = false.
        '';
      }
      {
        assertion = cfg.enable -> configFile == configuration.defaultFile;
        message = ''
          services.first-boot-automation: the initrd neither looks at ${configFile}, nor would the
          units take what it finds. Leave configFile at ${configuration.defaultFile}, or set
          initrd.enable = false.
        '';
      }
    ];

    boot.initrd = {
      # Credentials come by SMBIOS and fw_cfg, configurations also on an ESP or a USB drive.
      availableKernelModules = [
        "dmi_sysfs"
        "nls_cp437"
        "nls_iso8859-1"
        "qemu_fw_cfg"
        "uas"
        "usb_storage"
        "vfat"
      ];
      systemd = {
        enable = lib.mkDefault true;
        packages = [ cfg.package.initrd ];
        storePaths = [ (lib.getExe cfg.package) ];
        services.${units.initrd.name} = {
          inherit (units.initrd) wantedBy;
          # It puts configFile in place.
          after = [ "initrd-nixos-copy-secrets.service" ];
        };
        contents = lib.mkIf (cfg.initrd.caFile != null) {
          "${configuration.secrets}/ca.crt".source = cfg.initrd.caFile;
        };
      };
      # Not systemd.network.enable, which brings networkd without a NIC to configure.
      network.enable = lib.mkIf fetches (lib.mkDefault true);
      secrets = lib.mkIf (cfg.initrd.configFile != null) {
        ${configuration.defaultFile} = cfg.initrd.configFile;
      };
    };

    boot.kernelParams =
      parameter "config_url" cfg.initrd.configUrl
      ++ parameter "config_sha256" cfg.initrd.configSha256
      ++ parameter "timeout" cfg.initrd.timeout
      ++ lib.optional cfg.initrd.required "first_boot.required";
  };
}
