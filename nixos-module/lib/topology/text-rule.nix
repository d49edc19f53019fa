# A rule about one option, a text, that holds where the option is not given.
let
  inherit (import ./message.nix)
    listed
    problem
    rules
    shown
    ;
in
place: values: key: rule: holds:
if values.${key} == null || holds values.${key} then
  [ ]
else
  [
    (problem rule place {
      inherit key;
      found = shown values.${key};
      known = listed (builtins.attrNames rules.roles);
    })
  ]
