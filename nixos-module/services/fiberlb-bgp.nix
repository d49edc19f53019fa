# fiberlb announces its addresses by BGP, through a GoBGP on the same host that it connects to
# on loopback.
#
# Must not invent a topology: the peers are configured in GoBGP's own settings.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.fiberlb;
  configFile = (pkgs.formats.toml { }).generate "gobgpd.conf" config.services.gobgpd.settings;
in
{
  imports = [ (import ./modules.nix).fiberlb ];

  options.services.fiberlb.bgp = {
    enable = lib.mkEnableOption "announcing fiberlb's addresses by BGP";

    address = mkOption {
      type = types.str;
      default = "127.0.0.1:50051";
      description = ''
        Listen address (`HOST:PORT`) of the GoBGP API, which fiberlb connects to. The API has no
        authentication and should not be reachable from other machines.
      '';
    };

    settings = mkOption {
      type = (pkgs.formats.toml { }).type;
      default = { };
      example = lib.literalExpression ''
        {
          global.config = {
            as = 65000;
            router-id = "10.0.1.10";
          };
          neighbors = [
            {
              config = {
                neighbor-address = "10.0.1.1";
                peer-as = 65000;
              };
            }
          ];
        }
      '';
      description = "Configuration of GoBGP (see {option}`services.gobgpd.settings`).";
    };
  };

  config = lib.mkIf (cfg.enable && cfg.bgp.enable) {
    assertions = [
      {
        assertion = cfg.bgp.settings ? global.config.as && cfg.bgp.settings ? global.config.router-id;
        message = ''
          services.fiberlb.bgp needs to know who it is: set settings.global.config.as and
          settings.global.config.router-id.
        '';
      }
    ];
    services.gobgpd = {
      enable = true;
      inherit (cfg.bgp) settings;
    };
    # The module of nixpkgs has the API listen on all addresses.
    systemd.services.gobgpd.serviceConfig.ExecStart = lib.mkForce (
      utils.escapeSystemdExecArgs [
        (lib.getExe' pkgs.gobgpd "gobgpd")
        "--config-file=${configFile}"
        "--sdnotify"
        "--api-hosts=${cfg.bgp.address}"
      ]
    );
    services.fiberlb.settings.bgp.gobgp_address = lib.mkDefault cfg.bgp.address;
  };
}
