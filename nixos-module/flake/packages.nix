# What is built of this repository, for one system.
{
  pkgs,
  sourceDate,
  commit,
}:
let
  pxe = import ../lib/pxe;
  examples = import ../examples/pxe;
  texts =
    files:
    pkgs.linkFarm "pxe-config" (
      builtins.mapAttrs (path: pkgs.writeText (builtins.baseNameOf path)) files
    );
in
rec {
  default = first-boot-agent;

  first-boot-agent = pkgs.callPackage ../package.nix { inherit sourceDate commit; };
  # Without glibc: it compiles a Rust for musl first.
  first-boot-agent-musl = pkgs.pkgsStatic.callPackage ../package.nix { inherit sourceDate commit; };
  cluster-standin = pkgs.callPackage ../standin.nix { };

  docs = pkgs.runCommand "first-boot-docs" { nativeBuildInputs = [ pkgs.mdbook ]; } ''
    mdbook build --dest-dir "$out" ${../../docs}
  '';

  # The rendered files of every example of a PXE server.
  pxe-config = pkgs.linkFarm "pxe-configs" (
    builtins.mapAttrs (_: settings: texts (pxe.pxe-config settings)) examples
  );
}
