# One cluster: its problems, and what its options mean. Must not look at other clusters.
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    filter
    isString
    mapAttrs
    ;
  inherit (import ./message.nix)
    kindOf
    problem
    rules
    shown
    ;
  address = import ./address.nix;
  extra = import ./extra.nix;
  names = import ./names.nix;
  nodeOf = import ./node.nix;
  bootstrapOf = import ./bootstrap.nix;
  shape = import ./shape.nix;
  textRule = import ./text-rule.nix;

  unless = holds: found: if holds then [ ] else [ found ];
  orElse = value: other: if value == null then other else value;
in
name: given:
let
  place = {
    cluster = name;
  };
  checked = shape {
    kind = "cluster";
    around = { };
    inherit place;
    key = "clusters.${name}";
  } given;
  values = checked.values;
  ofGiven = textRule place values;

  # The last label of the domain.
  last =
    if values.domain == null || !names.isDomain values.domain then
      null
    else
      builtins.elemAt (builtins.match "(.*\\.)?([^.]*)" values.domain) 1;

  network = orElse values.network { };
  extraConfig = orElse values.extraConfig { };

  ranges = filter (range: range.value != null) (
    map (key: {
      text = network.${key};
      value = if isString network.${key} then address.parseRange network.${key} else null;
    }) (attrNames network)
  );

  nodes = mapAttrs (nodeOf {
    cluster = name;
    inherit (values) site;
    inherit ranges;
  }) (orElse values.nodes { });

  bootstrap = bootstrapOf {
    cluster = name;
    inherit nodes;
    inherit (values) peers leader;
  };

  ofRange =
    key:
    let
      value = network.${key};
    in
    unless (isString value && address.parseRange value != null) (
      problem "network" place {
        key = shown key;
        found = if isString value then shown value else kindOf value;
      }
    );
in
{
  inherit
    name
    network
    extraConfig
    nodes
    ;
  inherit (values) domain tlsDirectory;
  inherit (bootstrap) leader voters warnings;

  problems =
    checked.problems
    ++ unless (names.isClusterName name) (problem "cluster-name" place { found = shown name; })
    ++ ofGiven "domain" "domain" names.isDomain
    ++ unless (last == null || !(rules.taken.domains ? ${last})) (
      problem "domain-reserved" place {
        found = last;
        why = rules.taken.domains.${last};
      }
    )
    ++ ofGiven "site" "place" names.isPlace
    ++ ofGiven "tlsDirectory" "tls-directory" names.isSecretsDirectory
    ++ concatMap ofRange (attrNames network)
    ++ extra.ofCluster place extraConfig
    ++ unless (values.nodes != { }) (problem "no-nodes" place { })
    ++ concatMap (node: node.problems) (attrValues nodes)
    ++ bootstrap.problems;
}
