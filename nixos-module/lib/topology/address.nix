# IP addresses and ranges as numbers, so that two spellings of one address are equal.
# Must not know whose they are.
let
  inherit (builtins)
    all
    elemAt
    filter
    genList
    head
    isString
    length
    match
    split
    ;

  twoTo = exponent: builtins.foldl' (product: _: product * 2) 1 (genList (index: index) exponent);

  v4 =
    text:
    let
      number = "(0|[1-9][0-9]{0,2})";
      found = match "${number}\\.${number}\\.${number}\\.${number}" text;
      parts = map builtins.fromJSON found;
    in
    if found != null && all (part: part <= 255) parts then
      {
        inherit parts;
        width = 8;
      }
    else
      null;

  hexadecimal = digits: (builtins.fromTOML "number = 0x${digits}").number;

  v6 =
    text:
    let
      # The parts on either side of `::`, and the groups of each side.
      sides = map (side: if side == "" then [ ] else filter isString (split ":" side)) (
        filter isString (split "::" text)
      );
      groups = builtins.concatLists sides;
      zeros = genList (_: "0") (8 - length groups);
      complete =
        if length sides == 1 then length groups == 8 else length sides == 2 && length groups <= 7;
    in
    if complete && all (group: match "[0-9A-Fa-f]{1,4}" group != null) groups then
      {
        parts = map hexadecimal (
          if length sides == 1 then groups else head sides ++ zeros ++ elemAt sides 1
        );
        width = 16;
      }
    else
      null;

  # What a part of an address is divided by, so that only the bits that a range fixes stay.
  cutOf =
    { bits, ... }:
    width: index:
    let
      counted = bits - index * width;
      kept =
        if counted <= 0 then
          0
        else if counted > width then
          width
        else
          counted;
    in
    twoTo (width - kept);

  # Whether an address is in a range.
  contains =
    range:
    { parts, width }:
    let
      agrees =
        index:
        let
          cut = cutOf range width index;
        in
        elemAt parts index / cut == elemAt range.base.parts index / cut;
    in
    width == range.base.width && all agrees (genList (index: index) (length parts));

  # Its parts and their width in bits, or null where it is none.
  parse = text: if match ".*:.*" text == null then v4 text else v6 text;
in
{
  inherit parse;

  # Whether another machine may have it: not unspecified, loopback, link-local or multicast, and
  # not an IPv4 address in IPv6 form.
  reachable =
    { parts, width }:
    let
      first = head parts;
      zerosOf = count: all (part: part == 0) (genList (elemAt parts) count);
    in
    if width == 8 then
      first != 0 && first != 127 && first < 224 && !(first == 169 && elemAt parts 1 == 254)
    else
      !(zerosOf 7 && elemAt parts 7 <= 1)
      && !(zerosOf 5 && elemAt parts 5 == 65535)
      && first / 256 != 255
      && first / 64 != 1018;

  # A range, or null where it is none.
  parseRange =
    text:
    let
      found = match "([^/]+)/(0|[1-9][0-9]{0,2})" text;
      base = parse (head found);
      bits = builtins.fromJSON (elemAt found 1);
    in
    if found != null && base != null && bits <= length base.parts * base.width then
      { inherit base bits; }
    else
      null;

  inherit contains;

  # Which address of a range it is, where no host may have it: the first denotes the network (in
  # IPv6 for its routers, RFC 4291, 2.6.1), and in IPv4 the last for all hosts; else null. A range of
  # two has neither (RFC 3021, RFC 6164).
  reserved =
    range: given:
    let
      inherit (given) parts width;
      rest =
        index:
        let
          part = elemAt parts index;
          cut = cutOf range width index;
        in
        part - part / cut * cut;
      everyRest = is: all is (genList (index: index) (length parts));
    in
    if !contains range given || length parts * width - range.bits < 2 then
      null
    else if everyRest (index: rest index == 0) then
      "network"
    else if width == 8 && everyRest (index: rest index == cutOf range width index - 1) then
      "broadcast"
    else
      null;

  # An address as it is written before a port.
  bracketed = text: if match ".*:.*" text == null then text else "[${text}]";
}
