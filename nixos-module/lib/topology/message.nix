# What is wrong with a topology, in words: the sentences of `rules.json`, filled in.
# Must not decide whether something is wrong.
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    elemAt
    genList
    length
    map
    match
    replaceStrings
    ;
  rules = builtins.fromJSON (builtins.readFile ./rules.json);

  # A text as it is shown: quoted, where it holds more than names usually do.
  shown = text: if match "[A-Za-z0-9._:/@+-]+" text == null then builtins.toJSON text else text;

  placeOf =
    { cluster, node }:
    if cluster == null then
      ""
    else if node == null then
      "${shown cluster}: "
    else
      "${shown cluster}/${shown node}: ";

  filled = words: replaceStrings (map (name: "{${name}}") (attrNames words)) (attrValues words);

  said =
    table: rule: place: words:
    let
      complete = {
        cluster = null;
        node = null;
      }
      // place;
      sentence = table.${rule};
    in
    complete
    // {
      inherit rule;
      text = "${placeOf complete}${filled words "${sentence.message}; ${sentence.fix}"} [${rule}]";
    };
in
{
  inherit rules shown;

  problem = said rules.problems;
  warning = said rules.warnings;

  # Several texts as they are shown: the first of them, where they would fill the screen.
  listed =
    texts:
    let
      count = length texts;
      first = if count > 12 then genList (elemAt texts) 12 else texts;
      more = if count > 12 then " and ${toString (count - 12)} more" else "";
    in
    if texts == [ ] then "none" else concatStringsSep ", " (map shown first) + more;

  # What a value is, in words.
  kindOf =
    value:
    {
      bool = "a boolean";
      float = "a number";
      int = "a number";
      lambda = "a function";
      list = "a list";
      null = "null";
      path = "a path";
      set = "an object";
      string = "a string";
    }
    .${builtins.typeOf value};
}
