# The agent's unit files, parsed: what each runs, and which targets want it.
#
# NixOS ignores [Install] sections. They are read from the files that the package installs, so
# that there is one source of what each target enables. Must not know of nixpkgs.
let
  folder = ../../agent/systemd;

  isText = value: builtins.isString value;
  linesOf = text: builtins.filter isText (builtins.split "\n" text);

  # One line more: a section begins, or a setting is kept under its section.
  step =
    read: line:
    let
      section = builtins.match "\\[([A-Za-z]+)]" line;
      setting = builtins.match "([A-Za-z]+)=(.*)" line;
      key = builtins.elemAt setting 0;
      old = read.sections.${read.current} or { };
      new = old // {
        ${key} = (old.${key} or [ ]) ++ [ (builtins.elemAt setting 1) ];
      };
    in
    if section != null then
      read // { current = builtins.head section; }
    else if setting != null then
      read
      // {
        sections = read.sections // {
          ${read.current} = new;
        };
      }
    else
      read;

  # A unit's text as SECTION.SETTING = [ VALUES ]; comments and empty lines are passed over.
  # None of our lines ends in a backslash.
  parse =
    text:
    (builtins.foldl' step {
      sections = { };
      current = "";
    } (linesOf text)).sections;

  words =
    values:
    builtins.filter (word: isText word && word != "") (builtins.concatMap (builtins.split " +") values);

  ofKind =
    suffix:
    let
      names = builtins.attrNames (builtins.readDir folder);
      matched = builtins.filter (found: found != null) (map (builtins.match "(.*)\\.${suffix}") names);
    in
    map builtins.head matched;

  program = "/usr/bin/first-boot-agent";
  ours = service: service ? Service && service.Service ? ExecStart;

  describe =
    name:
    let
      unit = parse (builtins.readFile (folder + "/${name}.service"));
      found = builtins.match "${program} (.*)" (builtins.head unit.Service.ExecStart);
    in
    assert ours unit;
    {
      # What follows the program's name.
      command = builtins.head found;
      wantedBy = words (unit.Install.WantedBy or [ ]);
      # Enabled and disabled together with this one.
      also = words (unit.Install.Also or [ ]);
      path = builtins.elem name (ofKind "path");
    };

  inTheInitrd = "first-boot-initrd";
  # Of the instances for further services.
  template = "cluster-join@";
  # Started by its timer, which is off until somebody enables it.
  metrics = "first-boot-agent-metrics";
  hasAnOption =
    name:
    !builtins.elem name [
      inTheInitrd
      metrics
      template
    ];
in
{
  inherit folder parse program;

  # A path in a setting of a unit or a line of tmpfiles.d, where `%` begins a specifier
  # (systemd.unit(5), tmpfiles.d(5)).
  literal = builtins.replaceStrings [ "%" ] [ "%%" ];

  # The services of the installed system that have an option each, by name.
  services = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = describe name;
    }) (builtins.filter hasAnOption (ofKind "service"))
  );

  # The join of each of these services, by the unit's name; `%i` in its command is the service.
  instancesFor =
    names:
    builtins.listToAttrs (
      map (name: {
        name = "${template}${name}";
        value = describe template;
      }) names
    );

  # The stage in the initrd.
  initrd = describe inTheInitrd // {
    name = inTheInitrd;
  };

  # Which option enables which unit: `enableChainfire` and so on.
  enabledBy = {
    chainfire-cluster-join = "enableChainfire";
    flaredb-cluster-join = "enableFlareDB";
    iam-initial-setup = "enableIAM";
    cluster-health-check = "enableHealthCheck";
  };

  # The services that those units are for: a second unit, of the template, would only be in the way.
  served = [
    "chainfire"
    "flaredb"
    "iam"
  ];
}
