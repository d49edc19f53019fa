# The PXE server as a NixOS service: the settings from `lib/pxe` for the modules of nixpkgs.
#
# Thin: the content is decided in `lib/pxe`, the options are in `pxe-server/options.nix`. No
# daemon of its own.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.pxe-boot-server;
  pxe = import ./lib/pxe;
  server = cfg // {
    keaHooks = "${config.services.kea.package}/lib/kea/hooks";
  };
  withKea = cfg.dhcp.backend == "kea";

  # Links instead of copies: what a new generation no longer lists is removed at once.
  scripts = pkgs.linkFarm "pxe-scripts" (
    lib.mapAttrs (name: pkgs.writeText (baseNameOf name)) (pxe.scripts server)
  );
  loaders = pkgs.linkFarm "pxe-loaders" (
    lib.mapAttrs' (name: path: lib.nameValuePair "${name}/${fileName path}" path) (
      lib.filterAttrs (_: path: path != null) cfg.loaders
    )
  );
  # A name in an attribute set cannot refer to the store.
  fileName = path: builtins.unsafeDiscardStringContext (baseNameOf path);
  folder.d.mode = "0755";
  linkTo = target: { "L+".argument = "${target}"; };
  firstParts = lib.unique (
    map (name: lib.head (lib.splitString "/" name)) (lib.attrNames (pxe.scripts server))
  );

  interfaces = lib.unique (
    lib.filter (name: name != null) (lib.mapAttrsToList (_: subnet: subnet.interface) cfg.subnets)
  );
  ownPeer = lib.optional (cfg.failover != null) cfg.failover.peers.${cfg.failover.this}.port;
in
import ./lib/oldest-nixos.nix lib {
  imports = [
    ./pxe-server/options.nix
    (lib.mkAliasOptionModule [ "services" "centra-pxe-server" ] [ "services" "pxe-boot-server" ])
  ];

  config = lib.mkIf cfg.enable {
    assertions = map (problem: {
      assertion = false;
      message = "services.pxe-boot-server: ${problem}";
    }) (pxe.problems server);

    services.dnsmasq = {
      enable = true;
      resolveLocalQueries = false;
      settings = pxe.dnsmasqSettings server;
    };

    services.kea.dhcp4 = lib.mkIf withKea {
      enable = true;
      settings = pxe.keaSettings server;
    };

    services.nginx = {
      enable = true;
      commonHttpConfig = pxe.nginxHttpConfig;
      virtualHosts = pxe.nginxVirtualHosts server;
    };

    # Further TFTP packets arrive on ports that the server opened itself: no helper is needed.
    networking.firewall.interfaces = lib.mkIf cfg.openFirewall (
      lib.genAttrs interfaces (_: {
        allowedUDPPorts = [
          67
          69
        ]
        ++ lib.optional (cfg.dhcp.mode == "proxy") 4011;
        allowedTCPPorts = [
          cfg.http.port
        ]
        ++ lib.optional (cfg.tls != null) cfg.tls.port
        ++ ownPeer;
      })
    );

    systemd.tmpfiles.settings."10-pxe-boot-server" = {
      ${cfg.http.root} = folder;
      # Filled by the administrator: images by profile, and configurations of nodes (no
      # secrets).
      "${cfg.http.root}/images" = folder;
      "${cfg.http.root}/config" = folder;
      "${cfg.http.root}/ipxe" = linkTo loaders;
      ${cfg.tftp.root} = folder;
    }
    // lib.listToAttrs (
      map (name: lib.nameValuePair "${cfg.http.root}/${name}" (linkTo "${scripts}/${name}")) firstParts
    )
    // lib.mapAttrs' (
      name: _: lib.nameValuePair "${cfg.tftp.root}/${name}" (linkTo "${loaders}/${name}")
    ) (lib.filterAttrs (_: path: path != null) cfg.loaders);
  };
}
