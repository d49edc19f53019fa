# Reads addresses: IPv4 as numbers, networks in CIDR form, MAC addresses.
#
# Returns `null` if a text is not an address. Must not know what the addresses are for.
rec {
  # 10.0.0.1 as a number, to compare and to count with. 010 is 8 to some, 10 to others, and a part of a
  # name to dnsmasq: it is none.
  number =
    text:
    let
      octet = "(0|[1-9][0-9]{0,2})";
      parts = builtins.match "${octet}\\.${octet}\\.${octet}\\.${octet}" text;
      octets = map builtins.fromJSON parts;
    in
    if parts == null || builtins.any (octet: octet > 255) octets then
      null
    else
      builtins.foldl' (sum: octet: sum * 256 + octet) 0 octets;

  # Whether a text is meant as one.
  looksLike = text: builtins.match "[0-9.]+" text != null;

  # The other way round.
  text =
    value:
    let
      octet = divisor: toString (builtins.bitAnd (value / divisor) 255);
    in
    builtins.concatStringsSep "." (
      map octet [
        16777216
        65536
        256
        1
      ]
    );

  # 10.0.0.0/24 as first and last address, netmask and prefix length.
  network =
    cidr:
    let
      parts = builtins.match "([0-9.]+)/([0-9]{1,2})" cidr;
      base = number (builtins.elemAt parts 0);
      prefix = decimal (builtins.elemAt parts 1);
      size = power (32 - prefix);
    in
    if parts == null || base == null || prefix < 1 || prefix > 30 then
      null
    else
      rec {
        inherit prefix size;
        given = base;
        first = base - remainder base size;
        last = first + size - 1;
        netmask = text (4294967296 - size);
        broadcast = text last;
      };

  # Whether a number is in a network.
  inside = net: value: value != null && net.first <= value && value <= net.last;

  # A MAC address as DHCP servers write it, or null; `-` and upper case are accepted.
  mac =
    given:
    let
      plain = builtins.replaceStrings (upper ++ [ "-" ]) (lower ++ [ ":" ]) given;
    in
    if builtins.match "[0-9a-f]{2}(:[0-9a-f]{2}){5}" plain == null then null else plain;

  # The same as iPXE's `\${mac:hexhyp}` writes it.
  hyphened = given: builtins.replaceStrings [ ":" ] [ "-" ] (mac given);

  upper = [
    "A"
    "B"
    "C"
    "D"
    "E"
    "F"
  ];
  lower = [
    "a"
    "b"
    "c"
    "d"
    "e"
    "f"
  ];

  # JSON knows no leading zeros, people do.
  decimal = digits: builtins.fromJSON (strip digits);
  strip =
    digits:
    let
      rest = builtins.match "0+([0-9]+)" digits;
    in
    if rest == null then digits else builtins.head rest;

  power = exponent: if exponent == 0 then 1 else 2 * power (exponent - 1);
  remainder = value: divisor: value - (value / divisor) * divisor;
}
