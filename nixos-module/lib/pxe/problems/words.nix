# What texts for other programs may contain: a word that a daemon or iPXE would interpret is refused.
#
# Must not know where the text goes.
let
  fits = pattern: text: builtins.isString text && builtins.match pattern text != null;
  names = import ../../topology/names.nix;
  inherit (import ../../topology/message.nix) rules;
  range = import ../../topology/address.nix;
  absolute = "(/[.]*[A-Za-z0-9_@:+-][A-Za-z0-9._@:+-]*)+";
  words = text: builtins.filter builtins.isString (builtins.split "[[:space:]]+" text);
in
{
  # Of a node, subnet or profile: part of tags, of classes, of what iPXE prints.
  isName = fits "[A-Za-z0-9][A-Za-z0-9._-]*";

  # As the kernel takes it, without what is a pattern or a list to dnsmasq.
  isInterface = fits "[A-Za-z0-9][A-Za-z0-9._-]{0,14}";

  isHostName = name: names.isNodeName name && !names.isNumber name && !(rules.taken.nodes ? ${name});

  isDomain = text: builtins.isString text && names.isDomain text;

  # Absolute, and the same to nginx, dnsmasq and a shell; a path of Nix becomes one in the store. No part
  # of dots alone: it would lead elsewhere.
  isPath = path: builtins.isPath path || fits absolute path;

  # A slash at its end changes nothing.
  isFolder = path: builtins.isPath path || fits "${absolute}/?" path;

  # Below the root that is served.
  isServedPath = fits "[A-Za-z0-9_+-][A-Za-z0-9._+-]*(/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)*";

  isFileName = fits "[A-Za-z0-9_+-][A-Za-z0-9._+-]*";

  # An address, or a range of them; not `all`.
  isSource =
    text: builtins.isString text && (range.parse text != null || range.parseRange text != null);

  # As nginx reads it: it has no `g`, and no number without end.
  isRate = fits "[1-9][0-9]{0,9}[kKmM]?";

  # Every quote is closed, to systemd, which knows two kinds, and to the kernel, which knows `"` alone.
  isQuoted = fits "[^\"']*(\"[^\"]*\"[^\"']*|'[^\"']*'[^\"']*)*";

  # iPXE replaces what is in `\${}`, ends a command at `||`, `&&`, `;` and `#` and a line at its end, but
  # for a backslash there.
  isPrinted =
    text:
    !fits ".*([$][{]|[[:cntrl:]]).*" text
    && !fits ".*\\\\" text
    && builtins.all (word: !fits "#.*|[|][|]|&&|;" word) (words text);
}
