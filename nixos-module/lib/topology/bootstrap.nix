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
    head
    length
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
  unique = builtins.foldl' (list: item: if elem item list then list else list ++ [ item ]) [ ];
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
  all' = attrValues nodes;
  flagged = filter (node: node.bootstrap == true) all';
  candidates = filter (node: bootstraps node && node.bootstrap != false) all';
  byName = if length candidates < 3 then 1 else 3;
  isByName = peers == null && flagged == [ ];
  take = count: list: builtins.genList (builtins.elemAt list) count;

  voters =
    if peers != null then
      map (name: nodes.${name}) (filter (name: nodes ? ${name}) (unique peers))
    else if flagged != [ ] then
      flagged
    else if candidates == [ ] then
      [ ]
    else
      take byName candidates;
  voterNames = namesOf voters;

  unknownPeers = filter (name: !(nodes ? ${name})) (unique (if peers == null then [ ] else peers));
  peerProblems =
    map (
      name:
      problem "peer-unknown" place {
        found = shown name;
        known = listed (attrNames nodes);
      }
    ) unknownPeers
    ++ map (name: problem "peer-twice" place { found = shown name; }) (
      filter (name: length (filter (other: other == name) peers) > 1) (
        unique (if peers == null then [ ] else peers)
      )
    )
    ++
      map
        (
          node: problem "peer-contradicted" (at node) { found = if node.bootstrap then "true" else "false"; }
        )
        (
          filter (
            node: peers != null && node.bootstrap != null && node.bootstrap != elem node.name peers
          ) all'
        );

  count = length voters;
  setProblems =
    map (node: problem "bootstrap-role" (at node) { found = node.role; }) (
      filter (node: node.role != null && !(bootstraps node)) voters
    )
    ++ (
      if count == 0 then
        if all' == [ ] || unknownPeers != [ ] || any (node: node.role == null) all' then
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
  needed = [ "chainfire" ] ++ filter (service: any (runs service) all') [ "flaredb" ];
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
  withIam = filter (runs "iam") all';
  iamProblems =
    let
      first = head voters;
    in
    if voters == [ ] || withIam == [ ] || first.services == null || runs "iam" first then
      [ ]
    else
      [ (problem "iam-first" (at first) { known = listed (namesOf withIam); }) ];

  groupWarnings =
    service:
    let
      members = filter (runs service) all';
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

  problems = peerProblems ++ setProblems ++ leaderProblems ++ serviceProblems ++ iamProblems;

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
