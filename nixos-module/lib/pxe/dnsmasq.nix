# dnsmasq's settings: DHCP, proxy DHCP and TFTP; only TFTP where kea gives the addresses.
#
# `settings` is what NixOS' `services.dnsmasq.settings` takes, `texts` the same as a file.
# A name server it is not (`port=0`). Must not know what the scripts say.
let
  address = import ./address.nix;

  architectureRules =
    server:
    builtins.concatMap (
      each: map (code: "set:${each.name},option:client-arch,${toString code}") each.codes
    ) server.architectures;

  # What firmware gets in one subnet, and what iPXE gets after it.
  bootRules =
    server: subnet:
    map (
      each:
      if each.http then
        "tag:${subnet.name},tag:${each.name},tag:!ipxe,${subnet.plainUrl}/ipxe/${each.file}"
      else
        "tag:${subnet.name},tag:${each.name},tag:!ipxe,${each.file},,${subnet.serverAddress}"
    ) server.architectures
    ++ [ "tag:${subnet.name},tag:ipxe,${subnet.bootUrl}/boot.ipxe,,${subnet.serverAddress}" ];

  range =
    subnet:
    let
      addresses =
        if subnet.range == null then
          "${address.text subnet.net.first},static"
        else
          "${subnet.range.start},${subnet.range.end}";
    in
    "set:${subnet.name},${addresses},${subnet.net.netmask},${toString subnet.leaseTime}";

  option =
    subnet: name: value:
    "tag:${subnet.name},${name},${value}";
  options =
    subnet:
    (if subnet.gateway == null then [ ] else [ (option subnet "option:router" subnet.gateway) ])
    ++ (
      if subnet.dns == [ ] then
        [ ]
      else
        [ (option subnet "option:dns-server" (builtins.concatStringsSep "," subnet.dns)) ]
    )
    ++ (if subnet.domain == null then [ ] else [ (option subnet "option:domain-name" subnet.domain) ])
    ++ map (number: option subnet number subnet.options.${number}) (builtins.attrNames subnet.options);

  host =
    node:
    builtins.concatStringsSep "," (
      [ (address.mac node.mac) ]
      ++ (if node.address == null then [ ] else [ node.address ])
      ++ [ node.hostname ]
    );

  everywhere = server: {
    # No name server, and no answer on other cards.
    port = 0;
    interface = server.interfaces;
    bind-dynamic = true;
    enable-tftp = true;
    tftp-root = server.tftp.root;
  };

  known = server: {
    dhcp-match = [ "set:ipxe,175" ] ++ architectureRules server;
    dhcp-userclass = "set:ipxe,iPXE";
    log-dhcp = true;
  };

  addresses =
    server:
    known server
    // {
      dhcp-authoritative = true;
      dhcp-range = map range server.subnetList;
      dhcp-option = builtins.concatMap options server.subnetList;
      # UEFI's HTTP client takes an answer only where it says HTTPClient as well.
      dhcp-option-force = map (each: "tag:${each.name},tag:!ipxe,60,HTTPClient") (
        builtins.filter (each: each.http) server.architectures
      );
      dhcp-host = map host server.nodeList;
      dhcp-boot = builtins.concatMap (bootRules server) server.subnetList;
      # Requests of machines that nobody described are not answered.
      dhcp-ignore = if server.dhcp.onlyKnownNodes then [ "tag:!known" ] else [ ];
    };

  # PXE firmware by dnsmasq's own names; UEFI over HTTP does not listen to proxies.
  services = {
    bios = "x86PC";
    efi32 = "IA32_EFI";
    efi64 = "X86-64_EFI";
    arm64 = "ARM64_EFI";
  };
  proxyRules =
    server: subnet:
    builtins.concatMap (
      each:
      if each.http then
        [ ]
      else
        [
          "tag:${subnet.name},tag:!ipxe,${services.${each.name}},\"iPXE\",${each.file},${subnet.serverAddress}"
          "tag:${subnet.name},tag:ipxe,${services.${each.name}},\"boot.ipxe\",${subnet.bootUrl}/boot.ipxe"
        ]
    ) server.architectures;
  proxy =
    server:
    known server
    // {
      dhcp-range = map (
        subnet: "set:${subnet.name},${address.text subnet.net.first},proxy,${subnet.net.netmask}"
      ) server.subnetList;
      pxe-service = builtins.concatMap (proxyRules server) server.subnetList;
    };

  settings =
    server:
    everywhere server
    // (
      if server.dhcp.backend == "kea" then
        { }
      else if server.dhcp.mode == "proxy" then
        proxy server
      else
        addresses server
    )
    // (if server.dhcp.backend == "kea" then { } else server.dhcp.extraSettings);

  line =
    name: value:
    if value == true then
      [ name ]
    else if builtins.isList value then
      map (each: "${name}=${toString each}") value
    else
      [ "${name}=${toString value}" ];
in
{
  inherit settings;

  texts = server: {
    "etc/dnsmasq.conf" =
      let
        given = settings server;
        lines = builtins.concatMap (name: line name given.${name}) (builtins.attrNames given);
      in
      builtins.concatStringsSep "\n" lines + "\n";
  };
}
