# `extraConfig`: what it may contain, and the ports that the topology reads from it.
# Must not judge what only the agent can: `first-boot-agent config validate` does.
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    isAttrs
    isInt
    isString
    split
    ;
  inherit (import ./message.nix) kindOf problem rules;

  # Whether an object has something at a path of keys with dots between.
  valueAt =
    path: object:
    builtins.foldl' (found: key: if isAttrs found then found.${key} or null else null) object (
      filter isString (split "\\." path)
    );
  has =
    path: object:
    let
      keys = builtins.match "(.*)\\.([^.]+)" path;
      parent = if keys == null then object else valueAt (builtins.head keys) object;
      last = if keys == null then path else builtins.elemAt keys 1;
    in
    isAttrs parent && parent ? ${last};

  reservedIn =
    reserved: place: extraConfig:
    map (
      path:
      problem "extra-config" place {
        key = path;
        instead = reserved.${path};
      }
    ) (filter (path: has path extraConfig) (attrNames reserved));

  isPort = value: isInt value && value >= 1 && value <= 65535;

  portPath = service: name: "services.${service}.${name}";
in
{
  ofCluster =
    place: extraConfig:
    let
      ofPort =
        service: name:
        let
          path = portPath service name;
          value = valueAt path extraConfig;
        in
        if value == null || isPort value then
          [ ]
        else
          [
            (problem "port" place {
              key = "extraConfig.${path}";
              found = if isInt value then toString value else kindOf value;
            })
          ];
    in
    reservedIn rules.reserved.cluster place extraConfig
    ++ concatMap (service: concatMap (ofPort service) (attrNames rules.ports.${service})) (
      attrNames rules.ports
    );

  ofNode = reservedIn (rules.reserved.cluster // rules.reserved.node);

  # A port of a service: as the cluster's extraConfig says, else the usual one.
  port =
    extraConfig: service: name:
    let
      value = valueAt (portPath service name) extraConfig;
    in
    if value == null then rules.ports.${service}.${name} else value;
}
