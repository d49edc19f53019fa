# nix-nos.clusters: clusters and their nodes, defined once; every node's configuration is
# derived.
#
# Options, rules and messages are in lib/topology/rules.json. What a single value may be is its
# type, so that the error names file and line; how nodes may be combined is checked by the
# rules, which report all problems at once, each with what to do. Must not hold a rule of its
# own.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  topology = import ./lib/topology;
  json = (pkgs.formats.json { }).type;

  said = {
    inherit (config.nix-nos) clusters;
  };
  problems = topology.problems said;
  hostName = config.networking.hostName;
  node = config.nix-nos.node;

  kinds = {
    flag = types.nullOr types.bool;
    object = types.nullOr json;
    text = types.nullOr types.str;
    texts = types.nullOr (types.listOf types.str);
  };
  # A string that satisfies a rule of the topology.
  that =
    name: description: holds:
    types.nullOr (
      types.addCheck types.str holds
      // {
        inherit name description;
        descriptionClass = "noun";
      }
    );
  inherit (topology) names;
  typesOf = {
    cluster = {
      domain = that "domain" "domain in lower case" names.isDomain;
      tlsDirectory =
        that "secretsDirectory" "absolute path outside the Nix store"
          names.isSecretsDirectory;
    };
    node = {
      disk = that "disk" "whole disk below /dev/disk/by-id" names.isStableDisk;
      ip = that "address" "IPv4 or IPv6 address" topology.isAddress;
      mac = that "hardwareAddress" "hardware address of one NIC" names.isHardwareAddress;
      role = types.nullOr (types.enum (lib.attrNames topology.rules.roles));
      services = types.nullOr (types.listOf (types.enum (lib.attrNames topology.rules.services)));
    };
  };
  optionsOf =
    kind: special:
    lib.mapAttrs (
      key: field:
      mkOption (
        {
          type = typesOf.${kind}.${key} or kinds.${field.kind};
          default = field.default or null;
          example = lib.literalMD "`${field.example}`";
          description = field.about;
        }
        // special.${key} or { }
      )
    ) topology.rules.fields.${kind};

  nodeType = types.submodule {
    options = optionsOf "node" { };
  };
  clusterType = types.submodule {
    options = optionsOf "cluster" {
      nodes.type = types.attrsOf nodeType;
      nodes.default = { };
    };
  };

  careOf = service: mkDefault (builtins.elem service node.services);

  # The cluster's ports, and the names of their options in the modules of the services.
  portOptions = {
    api_port = "port";
    raft_port = "raftPort";
  };
  ports = lib.concatLists (
    lib.mapAttrsToList (
      service:
      lib.mapAttrsToList (
        said: usual: {
          inherit service;
          option = portOptions.${said};
          # The default applies if the configuration does not set it.
          number = node.config.services.${service}.${said} or usual;
        }
      )
    ) topology.rules.ports
  );
  portsHere = builtins.filter (one: options.services ? ${one.service}.${one.option}) ports;
  agrees =
    one:
    let
      service = config.services.${one.service};
    in
    {
      assertion = node != null && service.enable -> service.${one.option} == one.number;
      message = ''
        services.${one.service}.${one.option} is ${toString service.${one.option}}, and every other node
        asks ${toString one.number}. Leave it to the topology: a port is moved for all nodes, in the
        cluster's extraConfig.services.${one.service}.
      '';
    };

  # An agent that is enabled and has no configuration: probably a misspelt hostname.
  agent = config.services.first-boot-automation;
  stranger =
    options ? services.first-boot-automation
    && agent.enable
    && said.clusters != { }
    && problems == [ ]
    && node == null
    && (import ./lib/config.nix).pruned agent.settings == { };
  nodeNames = builtins.attrNames (topology.nodesOf said);
in
import ./lib/oldest-nixos.nix lib {
  options.nix-nos = {
    clusters = mkOption {
      type = types.attrsOf clusterType;
      default = { };
      example = lib.literalExpression ''
        {
          prod-cluster = {
            domain = "prod.example.com";
            network.cluster = "10.0.1.0/24";
            nodes = {
              node01 = {
                role = "control-plane";
                bootstrap = true;
                ip = "10.0.1.10";
              };
              node02 = {
                role = "control-plane";
                bootstrap = true;
                ip = "10.0.1.11";
              };
              node03 = {
                role = "control-plane";
                bootstrap = true;
                ip = "10.0.1.12";
              };
            };
          };
        }
      '';
      description = ''
        Clusters, by name, each with its nodes. Every host imports the same definitions and is
        matched by {option}`networking.hostName`.
      '';
    };

    cluster = mkOption {
      type = types.nullOr types.raw;
      readOnly = true;
      default =
        if said.clusters == { } then
          null
        else
          { generateClusterConfig = topology.generateClusterConfig said; };
      defaultText = lib.literalMD "null without {option}`nix-nos.clusters`";
      description = ''
        Functions derived from {option}`nix-nos.clusters`:
        `generateClusterConfig { hostname = "node01"; }` returns the cluster configuration of a
        host.
      '';
    };

    node = mkOption {
      type = types.nullOr types.raw;
      readOnly = true;
      default = if problems == [ ] then (topology.nodesOf said).${hostName} or null else null;
      defaultText = lib.literalMD "the node named {option}`networking.hostName`, or null";
      description = ''
        This host in the topology: `name`, `cluster`, `role`, `ip`, `fqdn`, `mac`, `disk`, `site`,
        `rack`, `services`, `bootstrap`, and its configuration as a value (`config`) and as the
        text of the file (`configText`).
      '';
    };
  };

  config = {
    assertions =
      map (message: {
        assertion = false;
        inherit message;
      }) problems
      ++ map agrees portsHere;
    warnings =
      topology.warnings said
      ++ lib.optional stranger ''
        ${hostName} is not a node of nix-nos.clusters, so its agent has no configuration; the nodes are:
        ${lib.concatStringsSep ", " nodeNames}. Set networking.hostName to one of them, or add it.
      '';
    # What is derived for this host, for the modules of the agent and of the services, if they
    # are imported too.
    services = lib.mkMerge (
      map (one: {
        ${one.service}.${one.option} = lib.mkIf (node != null) (mkDefault one.number);
      }) portsHere
      ++ [
        (lib.optionalAttrs (options ? services.first-boot-automation) {
          first-boot-automation = lib.mkIf (node != null) {
            settings = lib.mapAttrsRecursive (_: mkDefault) node.config;
            enableChainfire = careOf "chainfire";
            enableFlareDB = careOf "flaredb";
            enableIAM = careOf "iam";
          };
        })
      ]
    );
  };
}
