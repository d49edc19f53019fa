# rustfmt and clippy over the whole workspace, as `make lint` runs them.
{
  lib,
  rustPlatform,
  clippy,
  rustfmt,
}:
rustPlatform.buildRustPackage {
  pname = "first-boot-lint";
  inherit ((lib.importTOML ../../Cargo.toml).workspace.package) version;

  src = import ../source.nix lib;
  cargoLock.lockFile = ../../Cargo.lock;
  nativeBuildInputs = [
    clippy
    rustfmt
  ];

  buildPhase = ''
    cargo fmt --all --check
    cargo clippy --offline --workspace --all-targets -- --deny warnings
  '';
  doCheck = false;
  installPhase = ''touch "$out"'';
}
