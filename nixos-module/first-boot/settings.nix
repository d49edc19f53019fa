# services.first-boot-automation.settings: the cluster configuration, written in Nix.
#
# Freeform (RFC 42): every field of the reference can be set. Those with a type here are the
# ones that are often set to a wrong value, and those that name secrets.
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;

  optional =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };
  text = optional types.str;
  secret =
    what:
    optional types.externalPath ''
      ${what}. Must be a path on the running node, outside the world-readable Nix store.
    '';
  peers =
    service:
    optional (types.listOf types.str) ''
      Raft addresses (`HOST:PORT`) of the initial ${service} nodes, in the same order on every
      node.
    '';
in
{
  options.services.first-boot-automation.settings = mkOption {
    default = { };
    example = lib.literalExpression ''
      {
        bootstrap = false;
        leader_url = "https://node01.prod.example.com:2379";
        raft_addr = "10.0.1.13:2380";
        policies.join.attempts = 10;
      }
    '';
    description = ''
      Cluster configuration. If not empty, {option}`services.first-boot-automation.configFile`
      is generated from it: the agent validates it at build time, and it is written on the node
      with mode 0600. It must not contain secrets, only paths of files that do.

      The fields are those of the cluster configuration (see
      {command}`first-boot-agent config example`), among them `policies`, `services.NAME.url`
      and `expect`.
    '';
    type = types.submodule {
      freeformType = (pkgs.formats.json { }).type;
      options = {
        node_id = text "ID of this node in the member lists. Defaults to the hostname.";
        node_role = optional (types.enum [
          "control-plane"
          "worker"
          "all-in-one"
        ]) "Role of this node.";
        bootstrap = optional types.bool ''
          Whether this node is one of those that bootstrap a new cluster.
        '';
        cluster_name = text "Name of the cluster.";
        leader_url = text "HTTPS URL of the cluster member to contact first.";
        raft_addr = text ''
          Raft address (`HOST:PORT`) of chainfire on this node, reachable from the other nodes.
        '';
        initial_peers = peers "chainfire";
        flaredb_peers = peers "flaredb";
        tls = {
          ca = optional types.externalPath ''
            CA certificate that signed the certificates of the services.
          '';
          cert = optional types.externalPath "Certificate of this node.";
          key = secret "Private key of the certificate";
        };
        services.iam.admin_password_file = secret "File with the initial IAM administrator's password";
      };
    };
  };
}
