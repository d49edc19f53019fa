# kea's settings: the same DHCP as dnsmasq's, for pairs of servers that share their leases.
#
# `settings` is what NixOS' `services.kea.dhcp4.settings` takes, `texts` the same as a file.
# TFTP stays with dnsmasq. Only words that kea 2.2 to 3.0 all know.
let
  address = import ./address.nix;
  classes = import ./kea-classes.nix;

  # The number of a subnet must stay when another is added before it, for leases carry it:
  # its first address is as good a number as any.
  subnetId = subnet: subnet.net.first;

  options =
    subnet:
    (
      if subnet.gateway == null then
        [ ]
      else
        [
          {
            name = "routers";
            data = subnet.gateway;
          }
        ]
    )
    ++ (
      if subnet.dns == [ ] then
        [ ]
      else
        [
          {
            name = "domain-name-servers";
            data = builtins.concatStringsSep ", " subnet.dns;
          }
        ]
    )
    ++ (
      if subnet.domain == null then
        [ ]
      else
        [
          {
            name = "domain-name";
            data = subnet.domain;
          }
        ]
    )
    ++ map (
      number:
      {
        code = builtins.fromJSON number;
        data = subnet.options.${number};
      }
      # Kea defines it as a container of other options, and only takes bytes without csv-format.
      // (if number == "43" then { csv-format = false; } else { })
    ) (builtins.attrNames subnet.options);

  reservation =
    subnet: node:
    {
      hw-address = address.mac node.mac;
      hostname = node.hostname;
    }
    // (if livesIn subnet node then { ip-address = node.address; } else { });
  livesIn =
    subnet: node: node.address != null && address.inside subnet.net (address.number node.address);

  subnet4 =
    server: subnet:
    {
      id = subnetId subnet;
      subnet = subnet.network;
      valid-lifetime = subnet.leaseTime;
      pools =
        if subnet.range == null then [ ] else [ { pool = "${subnet.range.start} - ${subnet.range.end}"; } ];
      option-data = options subnet;
      # A node without a fixed address is known in every subnet.
      reservations = map (reservation subnet) (
        builtins.filter (node: node.address == null || livesIn subnet node) server.nodeList
      );
    }
    // (
      if subnet.relay == null then
        { interface = subnet.interface; }
      else
        { relay.ip-addresses = [ subnet.relay ]; }
    );

  peer = server: name: {
    inherit name;
    inherit (server.failover.peers.${name}) role;
    url = "http://${server.failover.peers.${name}.address}:${
      toString (server.failover.peers.${name}.port or 8000)
    }/";
    auto-failover = true;
  };

  failoverHooks =
    server:
    if server.failover == null then
      [ ]
    else
      [
        { library = "${server.keaHooks}/libdhcp_lease_cmds.so"; }
        {
          library = "${server.keaHooks}/libdhcp_ha.so";
          parameters.high-availability = [
            {
              this-server-name = server.failover.this;
              mode = "hot-standby";
              # Milliseconds. A boot waits a minute for an address; a dead partner is noticed
              # sooner.
              heartbeat-delay = 5000;
              max-response-delay = 15000;
              max-ack-delay = 5000;
              max-unacked-clients = 0;
              peers = map (peer server) (builtins.attrNames server.failover.peers);
              # The two speak to each other directly, without a control agent.
              multi-threading = {
                enable-multi-threading = true;
                http-dedicated-listener = true;
              };
            }
          ];
        }
      ];

  settings =
    server:
    {
      interfaces-config = {
        interfaces = server.interfaces;
        # An interface may come up after Kea: for ten minutes.
        service-sockets-max-retries = 120;
        service-sockets-retry-wait-time = 5000;
      };
      lease-database = {
        type = "memfile";
        persist = true;
        name = "/var/lib/kea/dhcp4.leases";
      };
      authoritative = true;
      # Firmware, iPXE and the system each name themselves in their own way (option 61); the
      # hardware address is what they have in common, and an address is that machine's.
      match-client-id = false;
      multi-threading.enable-multi-threading = true;
      # Nodes' addresses are outside the ranges (`problems/nodes.nix` sees to it): saves a look-up.
      reservations-in-subnet = true;
      reservations-out-of-pool = true;
      host-reservation-identifiers = [ "hw-address" ];
      option-def = classes.definitions server;
      client-classes = classes.classes server;
      subnet4 = map (subnet4 server) server.subnetList;
      hooks-libraries = failoverHooks server;
    }
    // server.dhcp.extraSettings;
in
{
  inherit settings;

  texts =
    server:
    if server.dhcp.backend == "kea" then
      { "etc/kea-dhcp4.conf" = builtins.toJSON { Dhcp4 = settings server; } + "\n"; }
    else
      { };
}
