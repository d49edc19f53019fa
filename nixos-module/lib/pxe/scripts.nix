# What iPXE runs: boot.ipxe, a script for each MAC address, one for each profile, the menu.
#
# Every path begins with `/` and names no host, so that one text serves all subnets and
# both HTTP and HTTPS. Must not hold a secret: everybody can fetch it.
let
  address = import ./address.nix;
  ipxe = import ./ipxe.nix;
  text = lines: builtins.concatStringsSep "\n" lines + "\n";
  words = builtins.concatStringsSep " ";

  boot = text (
    [
      "#!ipxe"
      "# Where every machine begins: its own script, found by its MAC address."
      "echo"
      "echo Booting \${manufacturer} \${product}, serial \${serial}"
      "echo NIC \${mac}, address \${ip}, firmware \${platform} \${buildarch}, server \${next-server}"
    ]
    ++ ipxe.persistently {
      label = "node";
      what = "the script of \${mac:hexhyp}";
      steps = [ "chain --autofree /nodes/\${mac:hexhyp}.ipxe" ];
      remedy = "Is nginx on the PXE server up? Look at its /health.";
    }
    ++ [ "exit" ]
  );

  # Where iPXE begins with TLS, over plain HTTP: it goes on over HTTPS, or loads the server's own iPXE,
  # which can. Not every iPXE that speaks HTTPS trusts this server.
  start =
    server:
    let
      platforms = {
        bios = "iseq \${platform} pcbios";
        efi32 = "iseq \${platform}-\${buildarch} efi-i386";
        efi64 = "iseq \${platform}-\${buildarch} efi-x86_64";
        arm64 = "iseq \${platform}-\${buildarch} efi-arm64";
      };
    in
    text (
      [
        "#!ipxe"
        "chain --autofree ${server.secureUrl}/boot.ipxe && exit ||"
        "echo This iPXE cannot go on over HTTPS; the line above says why."
        "prompt --key s --timeout 10000 The server's own iPXE is next, in 10 s; press s for a shell && shell ||"
      ]
      ++ map (
        each: "${platforms.${each.name}} && chain --autofree tftp://\${next-server}/${each.file} ||"
      ) server.architectures
      ++ [ "exit" ]
    );

  # Parameters of a machine: the server's, its profile's, then its own.
  parametersOf =
    server: profile: own:
    words (server.kernelParameters ++ server.profiles.${profile}.kernelParameters ++ own);

  configParameters =
    node:
    (if node.configUrl == null then [ ] else [ "first_boot.config_url=${node.configUrl}" ])
    ++ (if node.configSha256 == null then [ ] else [ "first_boot.config_sha256=${node.configSha256}" ]);

  toProfile = parameters: profile: [
    "set cmdline ${parameters}"
    "chain --autofree --replace /profiles/${profile}.ipxe"
  ];

  node =
    server: each:
    text (
      [
        "#!ipxe"
        "# ${each.name}: ${if each.boot == "disk" then "installed" else each.profile}"
        "set hostname ${each.hostname}"
      ]
      ++ (
        if each.boot == "disk" then
          [ "echo ${each.name} is installed: booting its disk" ] ++ ipxe.localDisk
        else
          [
            "echo ${each.name} boots the profile ${each.profile}"
            "prompt --key m --timeout 3000 Press m for the menu && chain --autofree --replace /menu.ipxe ||"
          ]
          ++ toProfile (parametersOf server each.profile (
            configParameters each ++ each.kernelParameters
          )) each.profile
      )
    );

  unknown = text [
    "#!ipxe"
    "echo No node has the MAC address \${mac}: add it to the nodes of the PXE server, or choose"
    "chain --autofree --replace /menu.ipxe"
  ];

  profile =
    each:
    text (
      [ "#!ipxe" ]
      ++ ipxe.persistently {
        label = "image";
        what = each.title;
        steps =
          if each.kernel == null then
            [ "chain --autofree /${each.script}" ]
          else
            [
              "imgfree"
              "kernel --name kernel /${each.kernel} initrd=initrd \${cmdline}"
              "initrd --name initrd /${each.initrd}"
              "boot"
            ];
        remedy = "The server may be busy, or has no such image.";
      }
    );

  all =
    server:
    let
      nodeScripts = builtins.listToAttrs (
        map (each: {
          name = "nodes/${address.hyphened each.mac}.ipxe";
          value = node server each;
        }) server.nodeList
      );
      profileScripts = builtins.listToAttrs (
        map (name: {
          name = "profiles/${name}.ipxe";
          value = profile server.profiles.${name};
        }) (builtins.attrNames server.profiles)
      );
    in
    nodeScripts
    // profileScripts
    // {
      "boot.ipxe" = boot;
      "menu.ipxe" = text (import ./menu.nix { inherit server toProfile parametersOf; });
      "nodes/unknown.ipxe" = unknown;
      health = "ok\n";
    }
    // (if server.tls == null then { } else { "start.ipxe" = start server; });
in
{
  inherit all;
}
