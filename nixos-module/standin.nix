# The stand-ins for chainfire, flaredb and IAM, for VM tests only: never in an image.
{ lib, rustPlatform }:
rustPlatform.buildRustPackage (finalAttrs: {
  pname = "cluster-standin";
  inherit ((lib.importTOML ../Cargo.toml).workspace.package) version;

  src = import ./source.nix lib;
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = [ "--package=${finalAttrs.pname}" ];

  # The agent's tests run it.
  doCheck = false;

  meta = {
    description = "Stand-ins for chainfire, flaredb and IAM on a real Raft library, for tests only";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = finalAttrs.pname;
    platforms = lib.platforms.linux;
  };
})
