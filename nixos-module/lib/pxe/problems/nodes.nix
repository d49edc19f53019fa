# What can be wrong with nodes: each by itself, and what two of them share.
server:
let
  address = import ../address.nix;
  configUrl = import ./config-url.nix;
  words = import ./words.nix;
  inherit (import ../../topology/names.nix) isHardwareAddress;
  when = condition: text: if condition then [ text ] else [ ];
  listed = builtins.concatStringsSep ", ";

  # Of the other server of a pair, too.
  servers = map (peer: peer.address or null) (
    builtins.attrValues (if server.failover == null then { } else server.failover.peers or { })
  );

  subnetsOf =
    node:
    builtins.filter (
      subnet: subnet.net != null && address.inside subnet.net (address.number node.address)
    ) server.subnetList;

  inRange =
    subnet: value:
    subnet.range != null
    && address.number subnet.range.start != null
    && address.number subnet.range.end != null
    && address.number subnet.range.start <= value
    && value <= address.number subnet.range.end;

  ofAddress =
    node:
    let
      name = "nodes.${node.name}.address";
      value = address.number node.address;
      homes = subnetsOf node;
      home = builtins.head homes;
    in
    if value == null then
      [ "${name}: \"${node.address}\" is not an IPv4 address; write four numbers without leading zeros" ]
    else if homes == [ ] then
      [
        "${name}: ${node.address} is in none of the subnets (${
          listed (map (subnet: subnet.network) server.subnetList)
        }); correct it, or add its subnet"
      ]
    else
      when (inRange home value) "${name}: ${node.address} is in the dynamic range of subnets.${home.name} (${home.range.start} to ${home.range.end}), where another machine may get it; use an address outside"
      ++
        when
          (builtins.elem value (
            map address.number (
              builtins.filter (each: each != null) (
                servers
                ++ [
                  home.serverAddress
                  home.gateway
                  home.relay
                ]
              )
            )
          ))
          "${name}: ${node.address} belongs to this server or its partner, the gateway or the relay; use a free address"
      ++ when (
        value == home.net.first || value == home.net.last
      ) "${name}: ${node.address} is the network's or the broadcast address; use another";

  ofNode =
    node:
    let
      name = "nodes.${node.name}";
    in
    when (address.mac node.mac == null)
      "${name}.mac: \"${node.mac}\" is not a MAC address; write six bytes, for example 52:54:00:12:34:56"
    ++
      when (address.mac node.mac != null && !isHardwareAddress (address.mac node.mac))
        "${name}.mac: \"${node.mac}\" is not the address of one machine; `ip link` on the machine shows its addresses"
    ++ when (
      !words.isName node.name
    ) "${name}: cannot be a node's name in scripts (letters, digits, `.`, `-` and `_`); rename it"
    ++
      when (node.profile != "" && !server.profiles ? ${node.profile})
        "${name}.profile: \"${node.profile}\" is unknown; use one of ${listed (builtins.attrNames server.profiles)}"
    ++ when (
      node.profile == ""
    ) "${name}.profile: missing; use one of ${listed (builtins.attrNames server.profiles)}"
    ++ when (
      !builtins.elem node.boot [
        "profile"
        "disk"
      ]
    ) "${name}.boot: \"${node.boot}\" is unknown; use profile, or disk once the node is installed"
    ++
      when (!words.isHostName node.hostname)
        "${name}.hostname: \"${node.hostname}\" is not a valid hostname; use at most 63 lower-case letters, digits and hyphens, but not a number, nor a name with another meaning, such as localhost"
    ++ (
      let
        advice = if node.configUrl == null then null else configUrl node.configUrl;
      in
      when (advice != null) "${name}.configUrl: the agent would refuse it; ${advice}"
    )
    ++ when (
      node.configSha256 != null && builtins.match "[0-9a-f]{64}" node.configSha256 == null
    ) "${name}.configSha256: not 64 hexadecimal digits; use what sha256sum prints for the file"
    ++ when (
      node.configSha256 != null && node.configUrl == null
    ) "${name}.configSha256: has no effect without configUrl; set both"
    ++ (if node.address == null then [ ] else ofAddress node);

  # { VALUE = [ NAMES ]; } of what must not be shared.
  shared =
    what: valueOf:
    let
      said = builtins.filter (node: valueOf node != null) server.nodeList;
      groups = builtins.groupBy valueOf said;
    in
    builtins.concatMap (
      value:
      when (builtins.length groups.${value} > 1)
        "nodes ${
          listed (map (node: node.name) groups.${value})
        } have the same ${what} ${value}; each machine needs its own"
    ) (builtins.attrNames groups);
in
builtins.concatMap ofNode server.nodeList
++ shared "MAC address" (node: address.mac node.mac)
++ shared "address" (node: node.address)
++ shared "hostname" (node: node.hostname)
