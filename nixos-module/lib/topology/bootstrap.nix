# Who bootstraps, and whom the others ask: one set of odd size, its leader, its services.
# Must not judge what a node says about itself.
let
  inherit (builtins)
    any
    attrNames
    attrValues
    concatMap
    elem
    filter
    genericClosure
    groupBy
    head
    length
    mapAttrs
    ;
  inherit (import ./message.nix)
    listed
    problem
    rules
    shown
    warning
    ;

  runs = service: node: node.services != null && elem service node.services;
  bootstraps = node: node.role != null && rules.roles.${node.role}.bootstraps;
  namesOf = map (node: node.name);
in
# `nodes` by name, as `node.nix` makes them; `peers` and `leader` as given, or null.
{
  cluster,
  nodes,
  peers,
  leader,
}:
let
  place = { inherit cluster; };
  at = node: place // { node = node.name; };
  everyNode = attrValues nodes;
  everyName = listed (attrNames nodes);

  # The names in `peers`: how often each is given, and each once, in order.
  given = if peers == null then [ ] else peers;
  times = mapAttrs (_: length) (groupBy (name: name) given);
  once = map ({ key }: key) (genericClosure {
    startSet = map (key: { inherit key; }) given;
    operator = _: [ ];
  });
  flagged = filter (node: node.bootstrap == true) everyNode;
  candidates = filter (node: bootstraps node && node.bootstrap != false) everyNode;
  byName = if length candidates < 3 then 1 else 3;
  isByName = peers == null && flagged == [ ];
  take = count: list: builtins.genList (builtins.elemAt list) count;

  voters =
    if peers != null then
      map (name: nodes.${name}) (filter (name: nodes ? ${name}) once)
    else if flagged != [ ] then
      flagged
    else if candidates == [ ] then
      [ ]
    else
      take byName candidates;
  voterNames = namesOf voters;

  unknownPeers = filter (name: !(nodes ? ${name})) once;
  peerProblems =
    map (
      name:
      problem "peer-unknown" place {
        found = shown name;
        known = everyName;
      }
    ) unknownPeers
    ++ map (name: problem "peer-twice" place { found = shown name; }) (
      filter (name: times.${name} > 1) once
    )
    ++
      map
        (
          node: problem "peer-contradicted" (at node) { found = if node.bootstrap then "true" else "false"; }
        )
        (
          filter (
            node: peers != null && node.bootstrap != null && node.bootstrap != (times ? ${node.name})
          ) everyNode
        );

  count = length voters;
  setProblems =
    map (node: problem "bootstrap-role" (at node) { found = node.role; }) (
      filter (node: node.role != null && !(bootstraps node)) voters
    )
    ++ (
      if count == 0 then
        if everyNode == [ ] || unknownPeers != [ ] || any (node: node.role == null) everyNode then
          [ ]
        else
          [ (problem "bootstrap-none" place { }) ]
      else if
        elem count [
          1
          3
          5
          7
        ]
      then
        [ ]
      else
        [
          (problem "bootstrap-size" place {
            count = toString count;
            found = listed voterNames;
          })
        ]
    );

  leaderProblems =
    let
      wrong = rule: [
        (problem rule place {
          found = shown leader;
          known = listed voterNames;
        })
      ];
    in
    if leader == null || voters == [ ] || elem leader voterNames then
      [ ]
    else if nodes ? ${leader} then
      wrong "leader-not-voter"
    else
      wrong "leader-unknown";

  # flaredb forms its group of the same nodes as chainfire, if it runs at all.
  needed = [ "chainfire" ] ++ filter (service: any (runs service) everyNode) [ "flaredb" ];
  serviceProblems = concatMap (
    node:
    if node.services == null then
      [ ]
    else
      map (service: problem "voter-service" (at node) { found = service; }) (
        filter (service: !(runs service node)) needed
      )
  ) voters;

  # The first of the initial peers sets IAM up, and the others wait for that.
  withIam = filter (runs "iam") everyNode;
  iamProblems =
    let
      first = head voters;
    in
    if voters == [ ] || withIam == [ ] || first.services == null || runs "iam" first then
      [ ]
    else
      [ (problem "iam-first" (at first) { known = listed (namesOf withIam); }) ];

  # Each node is reached under the one address that the topology gives it, by all others.
  addressed = filter (node: node.address != null);
  familyProblems =
    let
      first = head (addressed voters);
    in
    if addressed voters == [ ] then
      [ ]
    else
      map (
        node:
        problem "address-family" (at node) {
          found = node.ip;
          kind = if node.address.width == 8 then "IPv4" else "IPv6";
          other = shown first.name;
          known = first.ip;
        }
      ) (filter (node: node.address.width != first.address.width) (addressed everyNode));

  groupWarnings =
    service:
    let
      members = filter (runs service) everyNode;
      words = {
        found = service;
        count = toString (length members);
        known = listed (namesOf members);
      };
    in
    if length members == 2 then
      [ (warning "two-members" place words) ]
    else if length members > 7 then
      [ (warning "many-members" place words) ]
    else
      [ ];
in
{
  inherit voters;
  leader =
    if leader != null && nodes ? ${leader} then
      nodes.${leader}
    else if voters == [ ] then
      null
    else
      head voters;

  problems =
    peerProblems ++ setProblems ++ leaderProblems ++ serviceProblems ++ iamProblems ++ familyProblems;

  warnings =
    (
      if isByName && length candidates > count then
        [
          (warning "bootstrap-by-name" place {
            found = listed voterNames;
            known = listed (namesOf candidates);
          })
        ]
      else
        [ ]
    )
    ++ concatMap groupWarnings [
      "chainfire"
      "flaredb"
    ];
}
