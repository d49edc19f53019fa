# What can be wrong with the server as a whole: ports, TLS, menu, loaders, failover.
server:
let
  address = import ../address.nix;
  words = import ./words.nix;
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

  # Who is asked, what is said of it, what else it may be.
  of =
    name: value: holds: advice:
    when (value != null && !holds value) "${name}: \"${toString value}\" ${advice}";
  served = "is not a path below http.root; use letters, digits, `.`, `-`, `_` and `+`, without a leading slash";
  folder = "is not a path that every daemon reads alike; write an absolute path of letters, digits and ._@:+-, without . and .. as directories";
  path = "${folder}, and without a trailing slash";
  ofProfile =
    name:
    let
      profile = server.profiles.${name};
      at = "profiles.${name}";
    in
    of "${at}.title" profile.title words.isPrinted
      "would be read by iPXE as more than a title; leave out \${…}, ||, &&, ; and # as words, and control characters"
    ++ of "${at}.script" profile.script words.isServedPath served
    ++ of "${at}.kernel" profile.kernel words.isServedPath served
    ++ of "${at}.initrd" profile.initrd words.isServedPath served;
  texts =
    of "http.root" server.http.root words.isFolder folder
    ++ of "tftp.root" server.tftp.root words.isFolder folder
    ++
      of "http.rate" server.http.rate words.isRate
        "is not a rate; write bytes per second as nginx does, optionally with k or m, for example 50m"
    ++ builtins.concatMap (
      source:
      of "http.statusFrom" source words.isSource
        "is neither an address nor a range; write for example 10.0.100.0/24"
    ) server.http.statusFrom
    ++ builtins.concatMap (
      each:
      of "loaders.${each.name}" (baseNameOf each.file) words.isFileName
        "is not a file name that firmware asks for; use letters, digits, `.`, `-`, `_` and `+`"
    ) server.architectures
    ++ (
      if server.tls == null then
        [ ]
      else
        of "tls.certificate" (server.tls.certificate or null) words.isPath path
        ++ of "tls.key" (server.tls.key or null) words.isPath path
        ++ of "tls.name" server.tls.name (
          name: words.isDomain name || address.number name != null
        ) "is not a name for a certificate; write it in lower case, for example pxe.example.com"
    )
    ++ builtins.concatMap ofProfile (builtins.attrNames server.profiles);

  failover =
    let
      peers = server.failover.peers or { };
      roles = map (name: peers.${name}.role or "?") (builtins.attrNames peers);
    in
    when (server.dhcp.backend != "kea")
      "failover: dnsmasq knows no failover; set dhcp.backend = \"kea\", or give two servers ranges that do not overlap"
    ++
      when (!peers ? ${server.failover.this or ""})
        "failover.this: \"${server.failover.this or ""}\" is not one of the peers (${listed (builtins.attrNames peers)}); name the peer that this server is"
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
        "failover.peers.${name}.address: \"${peers.${name}.address or ""}\" is not an IPv4 address; set the one on which its kea listens for the other"
    ) (builtins.attrNames peers);
in
builtins.concatMap (
  port:
  when (!isPort port.value)
    "${port.name}: ${toString port.value} is not a port; use one from 1 to 65535, usually 80 (443 with TLS)"
) ports
++
  when (server.tls != null && server.tls.port == server.http.port)
    "tls.port: ${toString server.http.port} is also http.port; firmware and health checks need plain HTTP, so give TLS another port"
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
) "menu.default: \"${server.menu.default}\" is unknown; use one of ${listed defaults}"
++
  when (!(builtins.isInt server.menu.timeout && server.menu.timeout > 0))
    "menu.timeout: ${toString server.menu.timeout} is not a number of seconds; a menu without a timeout would leave a machine stuck; 30 is usual"
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
) "dhcp.backend: \"${server.dhcp.backend}\" is unknown; use one of ${listed backends}"
++ when (
  !builtins.elem server.dhcp.mode modes
) "dhcp.mode: \"${server.dhcp.mode}\" is unknown; use one of ${listed modes}"
++
  when (server.dhcp.mode == "proxy" && server.dhcp.backend == "kea")
    "dhcp.mode: kea cannot provide proxyDHCP beside another DHCP server; set dhcp.backend = \"dnsmasq\""
++ texts
++ (if server.failover == null then [ ] else failover)
