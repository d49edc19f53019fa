# The menu: every profile, the disk, a shell. Chooses by itself when nobody does.
{
  server,
  toProfile,
  parametersOf,
}:
let
  ipxe = import ./ipxe.nix;
  profiles = builtins.attrNames server.profiles;
  # The first letter, where no profile before it took it.
  key =
    name:
    let
      letter = builtins.substring 0 1 name;
      first = builtins.head (builtins.filter (other: builtins.substring 0 1 other == letter) profiles);
      # These are the menu's own.
      reserved = [
        "d"
        "s"
        "r"
        "n"
      ];
    in
    if first == name && !builtins.elem letter reserved then "--key ${letter} " else "";
in
[
  "#!ipxe"
  ":menu"
  "menu \${hostname} \${mac} \${ip}"
  "item --gap Profiles"
]
++ map (name: "item ${key name}${name} ${server.profiles.${name}.title}") profiles
++ [
  "item --gap Otherwise"
  "item --key d disk Boot the disk"
  "item --key n network Show the network"
  "item --key s shell iPXE shell; type exit to come back"
  "item --key r reboot Reboot"
  "choose --timeout ${
    toString (server.menu.timeout * 1000)
  } --default ${server.menu.default} chosen || goto shell"
  "goto \${chosen}"
]
++ builtins.concatMap (
  name: [ ":${name}" ] ++ toProfile (parametersOf server name [ ]) name ++ [ "goto menu" ]
) profiles
++ [ ":disk" ]
++ ipxe.localDisk
++ [
  ":network"
  "ifstat"
  "route"
  "prompt --timeout 60000 Press any key for the menu ||"
  "goto menu"
  ":shell"
  "shell"
  "goto menu"
  ":reboot"
  "reboot"
]
