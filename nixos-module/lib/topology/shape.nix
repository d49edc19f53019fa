# Whether an object of the topology has the options that `rules.json` lists, and no others, each of
# its kind. Must not know what they mean.
let
  inherit (builtins)
    all
    attrNames
    concatMap
    filter
    isAttrs
    isBool
    isList
    isString
    mapAttrs
    ;
  inherit (import ./message.nix)
    kindOf
    listed
    problem
    rules
    shown
    ;

  kinds = {
    flag = {
      is = isBool;
      expected = "true or false";
    };
    object = {
      is = isAttrs;
      expected = "an object";
    };
    text = {
      is = isString;
      expected = "a string";
    };
    texts = {
      is = value: isList value && all isString value;
      expected = "a list of strings";
    };
  };

  foundIn = value: if isList value then "a list that holds more than strings" else kindOf value;

  ofObject =
    place: fields: given:
    let
      unknown = filter (key: !(fields ? ${key})) (attrNames given);
      ofField =
        key:
        let
          field = fields.${key};
          value = given.${key} or null;
        in
        if value == null then
          if field.required or false then
            [
              (problem "missing" place {
                inherit key;
                inherit (field) example;
              })
            ]
          else
            [ ]
        else if kinds.${field.kind}.is value then
          [ ]
        else
          [
            (problem "wrong-type" place {
              inherit key;
              found = if field.kind == "texts" then foundIn value else kindOf value;
              inherit (kinds.${field.kind}) expected;
            })
          ];
      unknownKey =
        key:
        problem "unknown-key" place {
          key = shown key;
          known = listed (attrNames fields);
        };
    in
    {
      problems = map unknownKey unknown ++ concatMap ofField (attrNames fields);
      # What is of the wrong kind has been reported; nothing further is made of it.
      values = mapAttrs (
        key: field:
        let
          value = given.${key} or (field.default or null);
        in
        if value != null && kinds.${field.kind}.is value then value else null
      ) fields;
    };
in
# The problems of an object, and all its options, null where they are not given or of the wrong kind.
# `key` is what the object is called in the place around it.
{
  kind,
  around,
  place,
  key,
}:
given:
if isAttrs given then
  ofObject place rules.fields.${kind} given
else
  (ofObject place rules.fields.${kind} { })
  // {
    problems = [
      (problem "wrong-type" around {
        key = shown key;
        found = kindOf given;
        inherit (kinds.object) expected;
      })
    ];
  }
