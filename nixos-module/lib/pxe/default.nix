# The texts of a PXE server, made from one attribute set of settings.
#
# Plain functions over `builtins`: no nixpkgs, no paths of any machine. `settings.nix` lists
# what may be set. Must not write or start anything: `pxe-server.nix` and tests/pxe do.
let
  settings = import ./settings.nix;
  problems = import ./problems.nix;
  dnsmasq = import ./dnsmasq.nix;
  kea = import ./kea.nix;
  nginx = import ./nginx.nix;
  scripts = import ./scripts.nix;

  # A function of completed settings, as a function of what the user wrote.
  of = make: given: make (settings.complete given);

  refuse =
    found:
    throw (
      builtins.concatStringsSep "\n" (
        [ "the PXE server's settings have ${toString (builtins.length found)} problem(s):" ]
        ++ map (problem: "- ${problem}") found
      )
    );

  # Everything as { PATH = TEXT; }: configurations below etc/, what HTTP serves below http/.
  texts =
    server:
    let
      # Once: there is a script for every node.
      served = scripts.all server;
    in
    {
      "etc/nginx.conf" = nginx.configuration server;
    }
    // dnsmasq.texts server
    // kea.texts server
    // builtins.listToAttrs (
      map (path: {
        name = "http/${path}";
        value = served.${path};
      }) (builtins.attrNames served)
    );
in
{
  inherit (settings) defaults;

  # Everything that is wrong, each with what to do; an empty list where all is well.
  problems = of problems;

  # All files; refuses settings that have problems, all of them at once.
  pxe-config =
    given:
    let
      found = of problems given;
    in
    if found == [ ] then of texts given else refuse found;

  # The parts that the NixOS module gives to modules of nixpkgs, unchecked.
  dnsmasqSettings = of dnsmasq.settings;
  keaSettings = of kea.settings;
  nginxHttpConfig = nginx.commonHttpConfig;
  nginxVirtualHosts = of nginx.virtualHosts;
  scripts = of scripts.all;
  loaders = of (server: server.loaders);
}
