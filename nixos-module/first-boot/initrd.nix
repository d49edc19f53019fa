# The agent in the initrd: it finds the configuration before there is a root file system.
#
# Must not put a secret into the image: what `contents` holds is in the Nix store.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.first-boot-automation;
  configuration = import ../lib/config.nix;
  units = import ../lib/units.nix;

  # An authority alone is enough: a PXE server may say the URL.
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
        A configuration that is added to the initrd as a secret when the boot loader is installed
        (see {option}`boot.initrd.secrets`). Not for images that are served over the network, and
        not for a file that is generated, which is written only when the system runs.
      '';
    };

    caFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = lib.literalExpression "./ca.crt";
      description = ''
        The authority of the server at {option}`services.first-boot-automation.initrd.configUrl`,
        or at the URL that a PXE server says. A certificate is public, so it may lie in the Nix
        store. With either, the initrd gets a network ({option}`boot.initrd.network.enable`); the
        driver of the card must be in {option}`boot.initrd.availableKernelModules`.
      '';
    };

    configUrl = mkOption {
      # What boot loaders would read as theirs is not among these.
      type = types.nullOr (types.strMatching "https://[]A-Za-z0-9._~:/%+,=}{$[-]+");
      default = null;
      example = "https://boot.example.com/configs/cluster-config.json";
      description = ''
        From where a configuration is fetched in the initrd, where nothing else brings one. The
        machine fills in `''${uuid}`, `''${serial}` and `''${mac}`, so one image serves a fleet;
        not with GRUB, which takes them for variables of its own.
      '';
    };

    configSha256 = mkOption {
      type = types.nullOr (types.strMatching "[0-9a-f]{64}");
      default = null;
      description = "The digest that the fetched configuration must have.";
    };

    required = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the boot must not go on without a configuration.";
    };

    timeout = mkOption {
      type = types.nullOr (types.strMatching "([1-9][0-9]?|[1-5][0-9][0-9]|600)s|([1-9]|10)min");
      default = null;
      example = "2min";
      description = "How long the boot may be held for it: 1s to 10min, by default 60s.";
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
          then takes it from the Nix store, into an image that is served to whoever asks. Deliver it by
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
      # Credentials come by SMBIOS and fw_cfg, configurations also on an ESP or a stick.
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
          # Where configFile comes from.
          after = [ "initrd-nixos-copy-secrets.service" ];
        };
        contents = lib.mkIf (cfg.initrd.caFile != null) {
          "${configuration.secrets}/ca.crt".source = cfg.initrd.caFile;
        };
      };
      # Not systemd.network.enable, which brings networkd without a card to configure.
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
