# The unit files as NixOS sees them.
let
  units = import ../lib/units.nix;
  command = builtins.mapAttrs (_: unit: unit.command) units.services;
in
{
  everyServiceIsTurnedOnByAnOption = {
    expr = builtins.attrNames units.services;
    expected = builtins.attrNames units.enabledBy;
  };

  commands = {
    expr = command;
    expected = {
      chainfire-cluster-join = "join chainfire";
      flaredb-cluster-join = "join flaredb";
      iam-initial-setup = "setup iam";
      cluster-health-check = "health-check --wait";
    };
  };

  wantedByIsReadFromInstall = {
    expr = units.services.flaredb-cluster-join.wantedBy;
    expected = [
      "multi-user.target"
      "chainfire-cluster-join.target"
    ];
  };

  alsoIsReadFromInstall = {
    expr = units.services.chainfire-cluster-join.also;
    expected = [ "flaredb-cluster-join.service" ];
  };

  theStageInTheInitrd = {
    expr = units.initrd;
    expected = {
      name = "first-boot-initrd";
      command = "initrd";
      wantedBy = [ "initrd.target" ];
      also = [ ];
      path = false;
    };
  };

  furtherServicesAreInstancesOfTheTemplate = {
    expr = units.instancesFor [
      "etcd"
      "my-store2"
    ];
    expected = builtins.listToAttrs (
      map
        (name: {
          inherit name;
          value = {
            command = "join %i";
            wantedBy = [ "multi-user.target" ];
            also = [ ];
            path = true;
          };
        })
        [
          "cluster-join@etcd"
          "cluster-join@my-store2"
        ]
    );
  };

  everyServiceHasAPathUnit = {
    expr = builtins.filter (name: !units.services.${name}.path) (builtins.attrNames units.services);
    expected = [ ];
  };

  repeatedSettingsAreAllKept = {
    expr = units.parse ''
      # comment
      [Unit]
      After=a.target
      After=b.target c.target

      [Service]
      ExecStart=/bin/true --key=value
    '';
    expected = {
      Unit.After = [
        "a.target"
        "b.target c.target"
      ];
      Service.ExecStart = [ "/bin/true --key=value" ];
    };
  };
}
