# What can be wrong with the server as a whole: ports, TLS, menu, loaders, failover.
server:
let
  address = import ../address.nix;
  when = condition: text: if condition then [ text ] else [ ];

  isPort = port: builtins.isInt port && 1 <= port && port <= 65535;
  ports = [
    {
      name = "http.port";
      value = server.http.port;
    }
  ]
  ++ (
    if server.tls == null then
      [ ]
    else
      [
        {
          name = "tls.port";
          value = server.tls.port;
        }
      ]
  );

  backends = [
    "dnsmasq"
    "kea"
  ];
  modes = [
    "server"
    "proxy"
  ];
  # Entries of the menu that are there in any case.
  reserved = [
    "menu"
    "disk"
    "network"
    "shell"
    "reboot"
  ];
  defaults = [ "disk" ] ++ builtins.attrNames server.profiles;
  listed = builtins.concatStringsSep ", ";

  failover =
    let
      peers = server.failover.peers or { };
      roles = map (name: peers.${name}.role or "?") (builtins.attrNames peers);
    in
    when (server.dhcp.backend != "kea")
      "failover: dnsmasq knows no failover; set dhcp.backend = \"kea\", or give two servers ranges that do not overlap"
    ++
      when (!peers ? ${server.failover.this or ""})
        "failover.this: \"${server.failover.this or ""}\" is none of the peers (${listed (builtins.attrNames peers)}); name the peer that this server is"
    ++
      when
        (
          builtins.sort builtins.lessThan roles != [
            "primary"
            "standby"
          ]
        )
        "failover.peers: the roles are ${listed roles}; give one peer the role primary and one the role standby"
    ++ builtins.concatMap (
      name:
      when (address.number (peers.${name}.address or "") == null)
        "failover.peers.${name}.address: \"${peers.${name}.address or ""}\" is no IPv4 address; name the one where its kea listens for the other"
    ) (builtins.attrNames peers);
in
builtins.concatMap (
  port:
  when (!isPort port.value)
    "${port.name}: ${toString port.value} is no port; take one of 1 to 65535, usually 80 (443 with TLS)"
) ports
++
  when (server.tls != null && server.tls.port == server.http.port)
    "tls.port: ${toString server.http.port} is http.port too; plain HTTP stays for firmware and health checks, so give TLS another port"
++
  builtins.concatMap
    (
      name:
      when (
        server.tls != null && server.tls.${name} or null == null
      ) "tls.${name}: missing; give the path of a PEM file that nginx can read"
    )
    [
      "certificate"
      "key"
    ]
++ when (
  !builtins.elem server.menu.default defaults
) "menu.default: \"${server.menu.default}\" is unknown; take one of ${listed defaults}"
++
  when (!(builtins.isInt server.menu.timeout && server.menu.timeout > 0))
    "menu.timeout: ${toString server.menu.timeout} is no number of seconds; a menu without end would leave a machine stuck, 30 is usual"
++ builtins.concatMap (
  name:
  when (builtins.elem name reserved || builtins.match "[a-z0-9][a-z0-9-]*" name == null)
    "profiles.${name}: cannot be a profile's name (letters, digits and hyphens, and none of ${listed reserved}); rename it"
) (builtins.attrNames server.profiles)
++ when (
  server.architectures == [ ]
) "loaders: none is set, so no firmware would get an answer; set bios and efi64 at least"
++ when (
  !builtins.elem server.dhcp.backend backends
) "dhcp.backend: \"${server.dhcp.backend}\" is unknown; take one of ${listed backends}"
++ when (
  !builtins.elem server.dhcp.mode modes
) "dhcp.mode: \"${server.dhcp.mode}\" is unknown; take one of ${listed modes}"
++ when (
  server.dhcp.mode == "proxy" && server.dhcp.backend == "kea"
) "dhcp.mode: kea cannot be a proxy beside another DHCP server; set dhcp.backend = \"dnsmasq\""
++ (if server.failover == null then [ ] else failover)
