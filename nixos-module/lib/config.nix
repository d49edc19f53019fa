# The cluster configuration that a NixOS module generates, and how it gets to its place.
#
# The agent rejects a world-readable configuration, and so everything in the Nix store:
# systemd-tmpfiles writes it below /etc/nixos/secrets, mode 0600. That does not hide the text,
# which is a line of tmpfiles.d and thus in the store of the builder and of the node; so it must
# not contain a secret by value. Must not know of nixpkgs.
let
  inherit (import ./units.nix) literal;

  # The services whose ports and data directories can be changed.
  rafts = { inherit ((import ./services.nix).table) chainfire flaredb; };
in
rec {
  secrets = "/etc/nixos/secrets";
  defaultFile = "${secrets}/cluster-config.json";

  # Without what is null, at any depth: an option that is not set is not in the file.
  withoutNull =
    value:
    if builtins.isAttrs value then
      builtins.mapAttrs (_: withoutNull) (
        removeAttrs value (builtins.filter (name: value.${name} == null) (builtins.attrNames value))
      )
    else
      value;

  # Without null and without what is empty then.
  pruned =
    value:
    if builtins.isAttrs value then
      let
        inner = builtins.mapAttrs (_: pruned) (withoutNull value);
        empty = builtins.filter (name: inner.${name} == { }) (builtins.attrNames inner);
      in
      removeAttrs inner empty
    else
      value;

  # The right one takes precedence, at any depth.
  merge =
    left: right:
    if builtins.isAttrs left && builtins.isAttrs right then
      left
      // builtins.mapAttrs (name: value: if left ? ${name} then merge left.${name} value else value) right
    else
      right;

  # The whole configuration. Options of the module are defaults: settings take precedence.
  clusterConfig =
    {
      hostName,
      settings,
      enable,
      ports,
      dataDirs ? { },
    }:
    let
      off = builtins.filter (name: !enable.${name}) (builtins.attrNames enable);
      unlike =
        usual: given: builtins.filter (name: given.${name} != usual.${name}) (builtins.attrNames given);
      named =
        f: names:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = f name;
          }) names
        );
    in
    pruned (
      merge {
        node_id = hostName;
        services = builtins.foldl' merge { } [
          (named (_: { enable = false; }) off)
          (named (name: { api_port = ports.${name}; }) (unlike usualPorts ports))
          (named (name: { data_dir = dataDirs.${name}; }) (unlike usualDataDirs dataDirs))
        ];
      } (pruned settings)
    );

  usualPorts = builtins.mapAttrs (_: row: row.ports.port) rafts;
  usualDataDirs = builtins.mapAttrs (_: row: row.dataDir) rafts;

  # A line of tmpfiles.d that writes any text: `%` would be a specifier, and C escapes in the
  # argument are expanded. The directory is created for root alone; an existing one (`:`) may be
  # shared, like /etc, and stays as it is.
  writtenBy =
    {
      file ? defaultFile,
      text,
    }:
    {
      ${literal (directoryOf file)}.d = {
        mode = ":0700";
        user = ":root";
        group = ":root";
      };
      ${literal file}."f+" = {
        mode = "0600";
        user = "root";
        group = "root";
        argument = literal text;
      };
    };

  directoryOf = file: builtins.head (builtins.match "(.*)/[^/]+" file);
}
