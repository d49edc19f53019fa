# What `nix flake check` does, for one system: lints, tests, every example, every scenario.
{ pkgs, packages }:
let
  inherit (packages) first-boot-agent cluster-standin;
  root = ../..;

  prefixed =
    prefix: set:
    builtins.listToAttrs (
      map (name: {
        name = "${prefix}-${name}";
        value = set.${name};
      }) (builtins.attrNames set)
    );

  # Files of a directory by their name without the suffix.
  filesOf =
    suffix: folder:
    let
      matched = builtins.filter (found: found != null) (
        map (builtins.match "(.*)\\.${suffix}") (builtins.attrNames (builtins.readDir folder))
      );
    in
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = folder + "/${name}.${suffix}";
      }) (map builtins.head matched)
    );

  validated =
    name: file:
    pkgs.runCommand "config-${name}" { nativeBuildInputs = [ first-boot-agent ]; } ''
      first-boot-agent --config ${file} config validate --strict | tee "$out"
    '';

  exampleConfigs = filesOf "json" ../../agent/config/tests/golden;
  topologyConfigs = builtins.mapAttrs (name: node: pkgs.writeText "${name}.json" node.configText) (
    (import ../lib/topology).nodesOf (import ../examples/topology.nix).nix-nos
  );

  # A case that does not hold fails the evaluation, with both sides; those that expect an
  # error are left to the harness, which can read one.
  holds =
    name: cases:
    let
      wrong = builtins.filter (
        case: !(cases.${case} ? expectedError) && cases.${case}.expr != cases.${case}.expected
      ) (builtins.attrNames cases);
      failures = map (case: "${case}: got ${pkgs.lib.generators.toPretty { } cases.${case}.expr}") wrong;
    in
    if wrong == [ ] then
      pkgs.runCommand "cases-${name}" { } ''echo "all cases hold" > "$out"''
    else
      throw "cases of ${name} do not hold:\n${builtins.concatStringsSep "\n" failures}";
in
{
  # Their builds run their tests.
  agent = first-boot-agent;
  standin = cluster-standin;
  inherit (packages) docs pxe-config;

  lint = pkgs.callPackage ./lint.nix { };

  scripts = pkgs.runCommand "lint-scripts" { nativeBuildInputs = [ pkgs.python3 ]; } ''
    cp --recursive ${root} source && chmod --recursive u+w source && cd source
    PYTHONPATH=vm-tests python3 -m harness.lint | tee "$out"
  '';

  nix-format = pkgs.runCommand "nix-format" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    find ${root} -name '*.nix' -exec nixfmt --check {} +
    touch "$out"
  '';
}
// prefixed "cases" (
  builtins.mapAttrs (name: file: holds name (import file)) (filesOf "nix" ../tests)
)
// prefixed "module-cases" (
  builtins.mapAttrs (name: file: holds name (import file { inherit (pkgs) lib; })) (
    filesOf "nix" ../tests/with-lib
  )
)
// prefixed "config" (builtins.mapAttrs validated (exampleConfigs // topologyConfigs))
// prefixed "scenario" (
  import ../../vm-tests/nixos.nix {
    inherit pkgs;
    agent = first-boot-agent;
    standin = cluster-standin;
  }
)
