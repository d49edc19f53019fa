# What can be wrong with subnets: each by itself, and two that overlap.
server:
let
  address = import ../address.nix;
  words = import ./words.nix;
  when = condition: text: if condition then [ text ] else [ ];
  outside = subnet: text: !address.inside subnet.net (address.number text);

  ofRange =
    subnet:
    let
      start = address.number subnet.range.start;
      end = address.number subnet.range.end;
      shown = "${subnet.range.start} to ${subnet.range.end}";
      name = "subnets.${subnet.name}.range";
      holds = value: start <= value && value <= end;
      taken = builtins.filter (text: text != null && address.number text != null) [
        subnet.serverAddress
        subnet.gateway
        subnet.relay
      ];
    in
    if outside subnet subnet.range.start || outside subnet subnet.range.end then
      [
        "${name}: ${shown} is not inside ${subnet.network}; choose addresses of ${
          address.text (subnet.net.first + 1)
        } to ${address.text (subnet.net.last - 1)}"
      ]
    else if start > end then
      [ "${name}: ${shown} ends before it starts; swap the two" ]
    else
      builtins.concatMap (
        text:
        when (holds (address.number text)) "${name}: ${shown} contains ${text}, which is this server, the gateway or the relay; move the range"
      ) taken
      ++
        when (start == subnet.net.first || end == subnet.net.last)
          "${name}: ${shown} contains the network's or the broadcast address of ${subnet.network}; exclude them";

  ofNetwork =
    subnet:
    let
      name = "subnets.${subnet.name}";
    in
    when (subnet.net.given != subnet.net.first)
      "${name}.network: ${subnet.network} is an address in a network; write ${address.text subnet.net.first}/${builtins.elemAt (builtins.match ".*/(.*)" subnet.network) 0}"
    ++ (if subnet.range == null || server.dhcp.mode == "proxy" then [ ] else ofRange subnet)
    ++ when (
      subnet.gateway != null && outside subnet subnet.gateway
    ) "${name}.gateway: ${subnet.gateway} is not inside ${subnet.network}; nodes could not reach it"
    ++
      when (subnet.relay != null && outside subnet subnet.relay)
        "${name}.relay: ${subnet.relay} is not inside ${subnet.network}; set the relay's address on the side of the nodes"
    ++
      when (subnet.relay == null && subnet.serverAddress != null && outside subnet subnet.serverAddress)
        "${name}: the server address ${subnet.serverAddress} is not inside ${subnet.network}; set subnets.${subnet.name}.serverAddress to this server's address there, or set relay if it has none";

  # Options that are set elsewhere, and where. The others here are words of DHCP itself.
  setElsewhere = {
    "1" = "network";
    "3" = "gateway";
    "6" = "dns";
    "12" = "nodes.NAME.hostname";
    "15" = "domain";
    "51" = "leaseTime";
    "60" = "loaders";
    "67" = "loaders";
  };
  ofDhcpItself = [
    "50"
    "52"
    "53"
    "54"
    "55"
    "57"
    "61"
    "81"
    "82"
  ];
  # From 1 to 254: 0 and 255 are no options but filler and the end of a packet.
  isOption =
    number: builtins.match "[1-9][0-9]{0,2}" number != null && builtins.fromJSON number <= 254;

  ofOption =
    subnet: number:
    let
      name = "subnets.${subnet.name}.options";
      value = subnet.options.${number};
    in
    if !isOption number then
      [
        "${name}: \"${number}\" is not a number from 1 to 254; write DHCP options by number, such as \"42\" for NTP"
      ]
    else if setElsewhere ? ${number} then
      [ "${name}: ${number} is set by ${setElsewhere.${number}}; set that, and remove this" ]
    else if builtins.elem number ofDhcpItself then
      [ "${name}: ${number} is set by the DHCP server itself; remove it" ]
    else if builtins.match "[[:space:]]*" value != null then
      [ "${name}: the value of ${number} is empty; write one, or remove the option" ]
    else if builtins.match ".*[[:cntrl:]].*" value != null then
      [ "${name}: the value of ${number} has a control character; write it on one line" ]
    else
      [ ];

  ofSubnet =
    subnet:
    let
      name = "subnets.${subnet.name}";
    in
    (
      if subnet.net == null then
        [
          "${name}.network: \"${subnet.network}\" is not a network; write it as 10.0.100.0/24, with a prefix of 1 to 30"
        ]
      else
        ofNetwork subnet
    )
    ++ when (
      !words.isName subnet.name
    ) "${name}: cannot be a subnet's name (letters, digits, `.`, `-` and `_`); rename it"
    ++ when (
      subnet.interface == null
    ) "${name}.interface: missing; set the network interface on which its requests arrive"
    ++
      when (subnet.interface != null && !words.isInterface subnet.interface)
        "${name}.interface: \"${subnet.interface}\" is not the name of one network interface; write its name as `ip link` shows it"
    ++
      when (subnet.domain != null && !words.isDomain subnet.domain)
        "${name}.domain: \"${subnet.domain}\" is not a domain; write it in lower case, for example prod.example.com"
    ++
      when (!(builtins.isInt subnet.leaseTime && subnet.leaseTime >= 120))
        "${name}.leaseTime: ${toString subnet.leaseTime} is not a valid lease time in seconds; 43200 is usual, 120 the minimum"
    ++
      when (subnet.serverAddress == null || address.number subnet.serverAddress == null)
        "${name}: no server address; set serverAddress to the IPv4 address at which nodes reach this server"
    ++ builtins.concatMap (
      each:
      # 0.0.0.0 is dnsmasq's own address to dnsmasq.
      when (
        address.number each == null || address.number each < 16777216
      ) "${name}.dns: \"${each}\" is not an IPv4 address of a machine; set the address of a resolver"
    ) subnet.dns
    ++ builtins.concatMap (ofOption subnet) (builtins.attrNames subnet.options);

  known = builtins.filter (subnet: subnet.net != null) server.subnetList;
  overlapping = builtins.concatMap (
    one:
    builtins.concatMap (
      other:
      when (one.name < other.name && one.net.first <= other.net.last && other.net.first <= one.net.last)
        "subnets.${one.name} and subnets.${other.name} overlap (${one.network}, ${other.network}); a node could be in either; separate them"
    ) known
  ) known;
in
when (server.subnetList == [ ]) "subnets: none; describe the network that the nodes boot from"
++ builtins.concatMap ofSubnet server.subnetList
++ overlapping
