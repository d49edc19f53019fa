# One node by itself: its problems, and what its options mean. Must not look at other nodes.
let
  inherit (builtins)
    any
    attrNames
    concatMap
    elem
    filter
    ;
  inherit (import ./message.nix)
    listed
    problem
    rules
    shown
    ;
  address = import ./address.nix;
  extra = import ./extra.nix;
  names = import ./names.nix;
  shape = import ./shape.nix;
  textRule = import ./text-rule.nix;

  unless = holds: found: if holds then [ ] else [ found ];

  ofServices =
    place: role: services:
    let
      ofService =
        service:
        let
          row = rules.services.${service};
          missing = filter (needed: !(elem needed services)) row.needs;
        in
        unless (role == null || elem role row.roles) (
          problem "service-role" place {
            found = service;
            inherit role;
            known = listed row.roles;
          }
        )
        ++ map (
          needs:
          problem "service-needs" place {
            found = service;
            inherit needs;
          }
        ) missing;
    in
    concatMap (
      service:
      if rules.services ? ${service} then
        ofService service
      else
        [
          (problem "service-unknown" place {
            found = shown service;
            known = listed (attrNames rules.services);
          })
        ]
    ) services;
in
# `cluster` is the name of its cluster, `site` the site and `ranges` the networks of that.
{
  cluster,
  site,
  ranges,
}:
name: given:
let
  place = {
    inherit cluster;
    node = name;
  };
  checked = shape {
    kind = "node";
    around = { inherit cluster; };
    inherit place;
    key = "nodes.${name}";
  } given;
  values = checked.values;
  ofGiven = textRule place values;

  role = if values.role != null && rules.roles ? ${values.role} then values.role else null;
  parsed = if values.ip == null then null else address.parse values.ip;
  reached = if parsed != null && address.reachable parsed then parsed else null;
  inNetwork = ranges == [ ] || any (range: address.contains range.value reached) ranges;
  # The first range in which no host may have the address.
  reserved =
    let
      kinds = map (range: {
        inherit (range) text;
        kind = address.reserved range.value reached;
      }) ranges;
      found = if reached == null then [ ] else filter (range: range.kind != null) kinds;
    in
    if found == [ ] then [ ] else [ (builtins.head found) ];

in
{
  inherit name cluster role;
  inherit (values)
    bootstrap
    disk
    ip
    rack
    ;
  address = reached;
  # What identifies its disk.
  diskIdentity = if values.disk == null then null else names.diskIdentity values.disk;
  extraConfig = if values.extraConfig == null then { } else values.extraConfig;
  # One that is none is not compared with others.
  mac =
    if values.mac != null && names.isHardwareAddress values.mac then
      names.lowerCase values.mac
    else
      null;
  site = if values.site == null then site else values.site;
  # Null where it cannot be known.
  services =
    if values.services != null then
      values.services
    else if role != null && (given.services or null) == null then
      rules.roles.${role}.services
    else
      null;

  problems =
    checked.problems
    ++ unless (names.isNodeName name) (problem "node-name" place { found = shown name; })
    ++ unless (!names.isNumber name) (problem "node-name-number" place { found = name; })
    ++ unless (!(rules.taken.nodes ? ${name})) (
      problem "node-name-reserved" place {
        found = name;
        why = rules.taken.nodes.${name};
      }
    )
    ++ ofGiven "role" "role" (_: role != null)
    ++ ofGiven "ip" "address" (_: reached != null)
    ++ unless (reached == null || inNetwork) (
      problem "address-outside-network" place {
        found = shown values.ip;
        known = listed (map (range: range.text) ranges);
      }
    )
    ++ map (
      { text, kind }:
      problem "address-of-network" place {
        found = values.ip;
        inherit kind;
        known = text;
      }
    ) reserved
    ++ ofGiven "mac" "mac" names.isHardwareAddress
    ++ ofGiven "disk" "disk" names.isStableDisk
    ++ ofGiven "site" "place" names.isPlace
    ++ ofGiven "rack" "place" names.isPlace
    ++ ofServices place role (if values.services == null then [ ] else values.services)
    ++ extra.ofNode place (if values.extraConfig == null then { } else values.extraConfig);
}
