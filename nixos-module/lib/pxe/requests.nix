# What dnsmasq recognizes in a request, as tags that its other settings use.
#
# Each tag holds a `/`: dnsmasq has tags of its own (`known`, and the name of each NIC), which hold none.
# Must not know the answers.
let
  inherit (builtins) concatMap;
  inherit (import ./codes.nix) hexadecimal padded;

  each =
    server: ofCode: concatMap (one: map (ofCode one) (one.codes ++ one.httpCodes)) server.architectures;
in
{
  firmware = one: "firmware/${one.name}";
  subnet = one: "subnet/${one.name}";

  tags = server: {
    log-dhcp = true;

    dhcp-match = [
      "set:client/ipxe,175"
    ]
    # What iPXE can do is in its option, and 20 is HTTPS. This looks for a byte of that value anywhere:
    # where it is another's, `start.ipxe` notices.
    ++ (if server.tls == null then [ ] else [ "set:client/https,175,20" ])
    ++ [ "set:client/listed,93" ]
    ++ each server (one: code: "set:first/${one.name},93,00:${hexadecimal code}")
    ++ each server (one: code: "set:other/${one.name},option:client-arch,${toString code}")
    ++ concatMap (
      one: map (code: "set:first/http,93,00:${hexadecimal code}") one.httpCodes
    ) server.architectures;

    dhcp-userclass = "set:client/ipxe,iPXE";

    dhcp-vendorclass = [
      "set:client/pxe,PXEClient"
      "set:client/http,HTTPClient"
    ]
    ++ each server (one: code: "set:said/${one.name},Client:Arch:${padded code}");

    # Firmware may list several codes, those first that it would rather have (RFC 5970, 3.3): the first
    # one counts, and only where that is none of ours, another. Without a list, the vendor class says
    # the same. It also says how to load; where there is none, the first code does.
    tag-if =
      map (one: "set:firmware/${one.name},set:client/first,tag:first/${one.name}") server.architectures
      ++ map (
        one: "set:firmware/${one.name},tag:other/${one.name},tag:!client/first"
      ) server.architectures
      ++ map (
        one: "set:firmware/${one.name},tag:said/${one.name},tag:!client/listed"
      ) server.architectures
      ++ [ "set:client/http,tag:first/http,tag:!client/pxe" ];
  };
}
