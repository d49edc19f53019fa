# Enables the package's units, and configures them with drop-ins. Must not write a unit.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.first-boot-automation;
  configuration = import ../lib/config.nix;
  units = import ../lib/units.nix;

  catalog = "${cfg.package}/lib/systemd/catalog/first-boot-agent.catalog";
  configFile = toString cfg.configFile;
  elsewhere = configFile != configuration.defaultFile;
  # TLS files in directories that the package's path units do not watch.
  tls = builtins.filter (file: dirOf file != configuration.secrets) (
    map toString (
      builtins.filter (file: file != null) (
        map (name: cfg.settings.tls.${name}) [
          "ca"
          "cert"
          "key"
        ]
      )
    )
  );
  watched = lib.optional elsewhere configFile ++ tls;
  arguments =
    lib.optionals elsewhere [
      "--config"
      configFile
    ]
    ++ lib.optionals (cfg.logFormat != "auto") [
      "--log-format"
      cfg.logFormat
    ];

  enabled = lib.filterAttrs (name: _: cfg.${units.enabledBy.${name}}) units.services;
  instances = units.instancesFor cfg.additionalServices;
  twice = lib.intersectLists cfg.additionalServices units.served;
  # There is no file of an instance: without this, NixOS would write a whole unit instead of a drop-in.
  ofTemplate = lib.mapAttrs (_: _: { overrideStrategy = "asDropin"; }) instances;

  service = unit: {
    inherit (unit) wantedBy;
    # A switch of the system waits for what it restarts, and a join may take long: changes take
    # effect at the next boot or on a manual restart.
    restartIfChanged = false;
    serviceConfig = lib.mkIf (arguments != [ ]) {
      ExecStart = [
        ""
        "${lib.getExe cfg.package} ${utils.escapeSystemdExecArgs arguments} ${unit.command}"
      ];
    };
  };
in
{
  config = lib.mkMerge [
    (lib.mkIf (cfg.enable || cfg.installer) {
      environment.systemPackages = [ cfg.package ];
    })
    (lib.mkIf cfg.enable {
      assertions = [
        {
          assertion = cfg.enableFlareDB -> cfg.enableChainfire;
          message = ''
            services.first-boot-automation: the join of flaredb requires that of chainfire.
            Set enableFlareDB = false as well, or leave both on and turn chainfire off in the
            configuration (settings.services.chainfire.enable = false).
          '';
        }
        {
          assertion = twice == [ ];
          message = ''
            services.first-boot-automation.additionalServices: ${lib.concatStringsSep ", " twice} would be
            joined by two units. Remove it from the list; enableChainfire, enableFlareDB and enableIAM
            enable the unit of each.
          '';
        }
        {
          assertion = !cfg.installer;
          message = ''
            services.first-boot-automation: an installer joins nothing.
            Set enable on the installed system, installer in the image that installs it.
          '';
        }
      ];
      systemd.packages = [ cfg.package ];
      systemd.services = lib.mkMerge [
        (lib.mapAttrs (_: service) (enabled // instances))
        ofTemplate
        (lib.mkIf (cfg.adminPasswordFile != null) {
          iam-initial-setup.serviceConfig.LoadCredential = [
            "iam-admin-password:${units.literal (toString cfg.adminPasswordFile)}"
          ];
        })
        {
          # The texts of `journalctl -x`. systemd only looks below /usr/lib and /usr/local/lib,
          # and compiles what it finds only where /var is new: an upgrade would keep the old
          # texts. A link in there would outlive what it leads to, and fail the whole update.
          systemd-journal-catalog-update = {
            unitConfig.ConditionNeedsUpdate = "";
            serviceConfig.BindReadOnlyPaths = [
              "${catalog}:/usr/local/lib/systemd/catalog/first-boot-agent.catalog"
            ];
            restartTriggers = [ catalog ];
          };
        }
      ];
      # A blocked unit may be fixed by a change to a file that the package's path units do not
      # watch.
      systemd.paths = lib.mkIf (watched != [ ]) (
        lib.mkMerge [
          (lib.mapAttrs (_: _: { pathConfig.PathChanged = map units.literal watched; }) (
            lib.filterAttrs (_: unit: unit.path) (enabled // instances)
          ))
          ofTemplate
        ]
      );
    })
  ];
}
