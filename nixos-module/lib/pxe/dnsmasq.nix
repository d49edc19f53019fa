# dnsmasq's settings: DHCP, proxy DHCP and TFTP; only TFTP where kea gives the addresses.
#
# `settings` is what NixOS' `services.dnsmasq.settings` takes, `texts` the same as a file.
# It is not a name server (`port=0`). Must not know what the scripts say.
let
  address = import ./address.nix;
  requests = import ./requests.nix;
  of = subnet: "tag:${requests.subnet subnet}";

  # What iPXE gets in one subnet, and what firmware gets before it: an iPXE without HTTPS counts as
  # firmware if HTTPS is used. Of several rules that match, the last one applies.
  bootRules =
    server: subnet:
    let
      firmware = one: "${of subnet},tag:${requests.firmware one}";
      done = if server.tls == null then "client/ipxe" else "client/https";
      # As kea does: the first of the table.
      lastFirst = builtins.foldl' (list: one: [ one ] ++ list) [ ] server.architectures;
    in
    [ "${of subnet},tag:client/ipxe,${subnet.bootUrl},,${subnet.serverAddress}" ]
    ++ map (
      one: "${firmware one},tag:!client/http,tag:!${done},${one.file},,${subnet.serverAddress}"
    ) lastFirst
    ++ map (
      one: "${firmware one},tag:client/http,tag:!client/ipxe,${subnet.plainUrl}/ipxe/${one.file}"
    ) (builtins.filter (one: one.httpCodes != [ ]) lastFirst);

  range =
    subnet:
    let
      addresses =
        if subnet.range == null then
          "${address.text subnet.net.first},static"
        else
          "${subnet.range.start},${subnet.range.end}";
    in
    "set:${requests.subnet subnet},${addresses},${subnet.net.netmask},${toString subnet.leaseTime}";

  option =
    subnet: name: value:
    "${of subnet},${name},${value}";
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

  # dnsmasq knows the parts of a host by what they look like: `ignore`, `infinite` and `12h` are
  # words of its own. With the dot of a full name it can only be a name; the dot is not sent.
  host =
    node:
    builtins.concatStringsSep "," (
      [ (address.mac node.mac) ]
      ++ (if node.address == null then [ ] else [ node.address ])
      ++ [ "${node.hostname}." ]
    );

  everywhere = server: {
    # No name server, and no answer on other NICs.
    port = 0;
    interface = server.interfaces;
    bind-dynamic = true;
    enable-tftp = true;
    tftp-root = server.tftp.root;
  };

  addresses =
    server:
    requests.tags server
    // {
      dhcp-authoritative = true;
      dhcp-range = map range server.subnetList;
      dhcp-option = builtins.concatMap options server.subnetList;
      # UEFI's HTTP client only accepts an answer that has HTTPClient as well.
      dhcp-option-force = map (
        one: "tag:${requests.firmware one},tag:client/http,tag:!client/ipxe,60,HTTPClient"
      ) (builtins.filter (one: one.httpCodes != [ ]) server.architectures);
      dhcp-host = map host server.nodeList;
      dhcp-boot = builtins.concatMap (bootRules server) server.subnetList;
      # Requests of machines that are not listed are not answered.
      dhcp-ignore = if server.dhcp.onlyKnownNodes then [ "tag:!known" ] else [ ];
    };

  # PXE firmware by dnsmasq's own names; UEFI HTTP boot ignores proxies.
  services = {
    bios = "x86PC";
    efi32 = "IA32_EFI";
    efi64 = "X86-64_EFI";
    arm64 = "ARM64_EFI";
  };
  proxyRules =
    server: subnet:
    let
      service =
        one: tag: what:
        "${of subnet},tag:${tag},${services.${one.name}},${what}";
      done = if server.tls == null then "client/ipxe" else "client/https";
    in
    builtins.concatMap (one: [
      (service one "!${done}" "\"iPXE\",${one.file},${subnet.serverAddress}")
      (service one done "\"boot.ipxe\",${subnet.bootUrl}")
    ]) server.architectures;
  proxy =
    server:
    requests.tags server
    // {
      dhcp-range = map (
        subnet: "set:${requests.subnet subnet},${address.text subnet.net.first},proxy,${subnet.net.netmask}"
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
