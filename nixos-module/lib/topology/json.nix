# A value as JSON that people can read: keys in order, two blanks for each step, a line break at
# the end. The command without Nix writes the very same bytes. Must not know what it writes.
let
  pretty =
    indent: value:
    let
      inner = indent + "  ";
      block =
        open: close: items:
        if items == [ ] then
          open + close
        else
          "${open}\n${inner}${builtins.concatStringsSep ",\n${inner}" items}\n${indent}${close}";
    in
    if builtins.isAttrs value then
      block "{" "}" (
        map (key: "${builtins.toJSON key}: ${pretty inner value.${key}}") (builtins.attrNames value)
      )
    else if builtins.isList value then
      block "[" "]" (map (pretty inner) value)
    else
      builtins.toJSON value;
in
value: pretty "" value + "\n"
