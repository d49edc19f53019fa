# The scenarios as NixOS tests: the same nodes.json and test.py as in the harness.
#
# One attribute for each folder of ./scenarios. Where a scenario says `harness_only`, its
# attribute is a derivation that only reports the reason.
{
  pkgs,
  agent,
  standin,
}:
let
  scenarios = import ./nixos/scenarios.nix;
  nodesOf = scenario: builtins.attrValues scenario.nodes;
  variable = builtins.replaceStrings [ "-" ] [ "_" ];

  certificatesOf =
    scenario:
    pkgs.runCommand "certificates-${scenario.name}" { nativeBuildInputs = [ standin ]; } ''
      cluster-standin pki --out "$out" ${
        builtins.concatStringsSep " " (map (node: "--node ${node.certificate}") (nodesOf scenario))
      }
    '';

  play =
    name: scenario:
    pkgs.testers.runNixOSTest {
      name = "first-boot-${name}";
      nodes = builtins.mapAttrs (
        _: node:
        import ./nixos/node.nix {
          inherit
            agent
            standin
            scenario
            node
            ;
          certificates = certificatesOf scenario;
        }
      ) scenario.nodes;
      # The driver's own `machines` may be containers too, which cannot do what these can.
      testScript = ''
        nodes = [${builtins.concatStringsSep ", " (map variable (builtins.attrNames scenario.nodes))}]
        ${builtins.readFile scenario.script}
      '';
    };

  explain =
    name: scenario:
    pkgs.runCommand "harness-only-${name}" {
      reason = scenario.harnessOnly;
      meta.description = "Not played on NixOS: ${scenario.harnessOnly}";
    } ''echo "not played on NixOS: $reason" | tee "$out"'';
in
builtins.mapAttrs play scenarios.played // builtins.mapAttrs explain scenarios.harnessOnly
