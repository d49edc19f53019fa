# The agent as a package: the static binary, its units, journal catalog, man pages and completions.
#
# It is the one file that the netboot image, the initrd and the installed system share, so it is static: on glibc by the stock
# compiler, as on Debian (`.cargo/config.toml`), on musl (`pkgsStatic`) by itself. The stage in the initrd is an output of its own,
# so that an initrd gets no unit of the installed system.
{
  lib,
  etcd,
  glibc,
  installShellFiles,
  rustPlatform,
  stdenv,
  # Seconds since 1970 of the source's last change: the floor under a clock that nobody has set. A path in
  # the store has lost it, so the flake gives its own.
  sourceDate ? null,
  # The commit that `--version` names, which a path in the store has lost as well.
  commit ? null,
}:
let
  isGnu = stdenv.hostPlatform.isGnu;
  # Twelve digits, as every other build has them; the flake of a work tree with changes ends in `-dirty`.
  abbreviated =
    builtins.substring 0 12 commit
    + lib.optionalString (builtins.match ".*-dirty" commit != null) "-dirty";
  # The topology's command comes with the agent that its configurations are for.
  programs = [
    "--package=first-boot-agent"
    "--package=first-boot-topology"
  ];
in
rustPlatform.buildRustPackage (finalAttrs: {
  pname = "first-boot-agent";
  inherit ((lib.importTOML ../Cargo.toml).workspace.package) version;

  src = import ./source.nix lib;
  cargoLock.lockFile = ../Cargo.lock;
  cargoBuildFlags = programs;

  nativeBuildInputs = [ installShellFiles ];
  buildInputs = lib.optional isGnu glibc.static;

  env =
    # For the target alone, which nixpkgs names: a procedural macro could not be loaded if it were static.
    lib.optionalAttrs isGnu { RUSTFLAGS = "-C target-feature=+crt-static"; }
    # To the day, so that a word in the docs builds nothing anew on the same one, where no commit is known.
    // lib.optionalAttrs (sourceDate != null) {
      SOURCE_DATE_EPOCH = toString (sourceDate / 86400 * 86400);
    }
    # Where one is known, every commit builds anew: a binary never names another than its own.
    // lib.optionalAttrs (commit != null) { FIRST_BOOT_COMMIT = abbreviated; };

  # They need an etcd and the loopback device, which the sandbox has.
  doCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  nativeCheckInputs = [ etcd ];
  checkType = "debug";
  cargoTestFlags = programs ++ [
    "--package=first-boot-config"
    "--package=first-boot-output"
  ];
  # It builds a copy of the workspace, which does not know where nixpkgs has put the libraries.
  checkFlags = [ "--skip=a_further_protocol_is_a_line_and_its_modules" ];

  outputs = [
    "out"
    "initrd"
  ];

  # The drop-ins of 254/ are for systemd 254 and later, which every NixOS of today has.
  postInstall = ''
    units=$out/lib/systemd/system
    install -D --mode=0644 --target-directory="$units" agent/systemd/*.{service,path,target,timer}
    for folder in agent/systemd/254/*.d; do
      install -D --mode=0644 --target-directory="$units/$(basename "$folder")" "$folder"/*.conf
    done
    install -D --mode=0644 --target-directory="$out/lib/systemd/catalog" agent/catalog/*.catalog
    installManPage agent/packaging/man/*.1
    installShellCompletion --bash agent/packaging/completions/bash/* \
      --fish agent/packaging/completions/fish/* --zsh agent/packaging/completions/zsh/*
    find "$units" -type f -exec sed -i "s|/usr/bin/first-boot-agent|$out/bin/first-boot-agent|" {} +
    moveToOutput "lib/systemd/system/first-boot-initrd.service*" "$initrd"
  '';

  meta = {
    description = "Makes a freshly installed machine a member of its cluster, unattended";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = finalAttrs.pname;
    platforms = lib.platforms.linux;
  };
})
