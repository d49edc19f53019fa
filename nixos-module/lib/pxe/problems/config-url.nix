# What is wrong with the URL of a configuration, as advice; null where nothing is.
#
# The agent's own rule (`agent/src/delivery/template.rs`), held to the same cases: what is refused there must
# not reach a kernel's command line. The URL is never shown, it may hold a secret. Besides, iPXE would
# fill in `${…}` before the agent could.
let
  inherit (builtins)
    all
    elemAt
    filter
    head
    isString
    match
    split
    stringLength
    ;
  address = import ../address.nix;
  addresses = import ../../topology/address.nix;
  names = import ../../topology/names.nix;

  label = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
  isName =
    text:
    let
      parts = match "(.*[^.])[.]?" text;
      labels = filter isString (split "[.]" (head parts));
    in
    parts != null
    && stringLength (head parts) <= 253
    && all (part: match label part != null) labels
    && !names.isNumber (names.lowerCase (elemAt labels (builtins.length labels - 1)));

  isReached =
    text:
    let
      parsed = addresses.parse text;
      first = head parsed.parts;
    in
    parsed != null
    && (
      if parsed.width == 8 then
        first != 0 && !(first >= 224 && first < 240) && text != "255.255.255.255"
      else
        !all (part: part == 0) parsed.parts && first / 256 != 255 && first / 64 != 1018
    );

  isPort =
    text:
    let
      port = address.decimal text;
    in
    match "[0-9]{1,5}" text != null && port >= 1 && port <= 65535;

  isAuthority =
    text:
    let
      six = match "\\[([0-9A-Fa-f:]*)](:(.*))?" text;
      other = match "([^:]*)(:(.*))?" text;
      found = if six == null then other else six;
      host = head found;
      port = elemAt found 2;
    in
    found != null
    && (elemAt found 1 == null || isPort port)
    && (if six != null || address.looksLike host then isReached host else isName host);

  # Without `'`, which a URL may hold: on the kernel's command line it is a quote.
  pathIsPlain =
    path: match "(/([A-Za-z0-9._~!$&()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+" path != null && path != "/";
in
url:
let
  parts = match "([Hh][Tt][Tt][Pp][Ss])://([^/?#]*)(.*)" url;
  authority = elemAt parts 1;
  path = elemAt parts 2;
in
if parts == null then
  "begin with https://: the server of a configuration must prove its identity"
else if match ".*@.*" authority != null || match ".*[?#].*" path != null then
  "use only a host and a path: everybody can read the kernel's command line, so it must not contain a user, password or query"
else if match ".*[$][{].*" url != null then
  "write the value itself: iPXE would replace the \${…}"
else if !isAuthority authority then
  "write a hostname or an address after https://, IPv6 in brackets, and a port from 1 to 65535 if it is not 443"
else if path == "" || path == "/" then
  "put the path of the configuration after the host"
else if !pathIsPlain path then
  "in the path, write characters other than letters, digits and -._~!$&()*+,;=:@/ as % and two hexadecimal digits"
else
  null
