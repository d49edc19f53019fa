# services.first-boot-automation.settings: the cluster configuration, written in Nix.
#
# Free in form (RFC 42): every field of the reference can be set. Those with a type here are
# the ones that a wrong value is often given to, and those that name secrets.
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
      ${what}: a path on the running node, never in the Nix store, which everybody can read.
    '';
  peers =
    service:
    optional (types.listOf types.str) ''
      The Raft addresses (`HOST:PORT`) of ${service}'s first nodes, in the same order on each.
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
      The cluster's configuration. Where anything is set, the whole of
      {option}`services.first-boot-automation.configFile` is generated from it: checked by the
      agent itself when the system is built, and written on the node with mode 0600. It must hold
      no secret by value.

      The fields are those of the cluster configuration, which {command}`first-boot-agent config example`
      shows; `policies`, `services.NAME.url` and `expect` are among them.
    '';
    type = types.submodule {
      freeformType = (pkgs.formats.json { }).type;
      options = {
        node_id = text "This node's id in every member list; by default the host name.";
        node_role = optional (types.enum [
          "control-plane"
          "worker"
          "all-in-one"
        ]) "What this node is for.";
        bootstrap = optional types.bool "Whether it is one of the first nodes of a new cluster.";
        cluster_name = text "The cluster's name.";
        leader_url = text "The HTTPS URL of a member of the running cluster, to ask first.";
        raft_addr = text "This node's chainfire Raft address (`HOST:PORT`), as others reach it.";
        initial_peers = peers "chainfire";
        flaredb_peers = peers "flaredb";
        tls = {
          ca = optional types.externalPath "The authority that signed the services' certificates.";
          cert = optional types.externalPath "This node's certificate.";
          key = secret "The certificate's key";
        };
        services.iam.admin_password_file = secret "The password of IAM's first administrator";
      };
    };
  };
}
