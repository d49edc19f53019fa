# kea's client classes: what is to be seen in a request, and what each subnet answers to it.
#
# The names of the classes of a subnet hold a `/`, the others do not. Must not know of addresses.
let
  inherit (builtins)
    concatMap
    concatStringsSep
    filter
    genList
    stringLength
    ;
  inherit (import ./codes.nix) hexadecimal padded;

  any = tests: "(${concatStringsSep " or " tests})";
  when = condition: list: if condition then list else [ ];

  # Option 93 is a list of two bytes each; firmware lists a few.
  codeAt =
    index: code: "substring(option[93].hex,${toString (index * 2)},2) == 0x00${hexadecimal code}";
  first = codes: any (map (codeAt 0) codes);
  other = codes: any (concatMap (code: genList (index: codeAt (index + 1) code) 7) codes);

  begins = text: "substring(option[60].hex,0,${toString (stringLength text)}) == '${text}'";
  said =
    codes:
    any (
      concatMap (code: [
        (begins "PXEClient:Arch:${padded code}")
        (begins "HTTPClient:Arch:${padded code}")
      ]) codes
    );

  codesOf = one: one.codes ++ one.httpCodes;

  # Firmware may list several codes, those first that it would rather have (RFC 5970, 3.3): the first
  # one counts, and only where that is none of ours, another. Without a list, the vendor class says the
  # same. It also says how to load; where there is none, the first code does.
  requests =
    server:
    let
      httpCodes = concatMap (one: one.httpCodes) server.architectures;
    in
    [
      {
        name = "ipxe";
        test = "option[175].exists or substring(option[77].hex,0,4) == 'iPXE'";
      }
      {
        name = "first";
        test = first (concatMap codesOf server.architectures);
      }
      {
        name = "http";
        test =
          begins "HTTPClient"
          + (if httpCodes == [ ] then "" else " or (not ${begins "PXEClient"} and ${first httpCodes})");
      }
    ]
    # What iPXE can do is in its option, and 20 is HTTPS.
    ++ when (server.tls != null) [
      {
        name = "https";
        test = "option[175].option[20].exists";
      }
    ]
    ++ map (
      one:
      let
        codes = codesOf one;
      in
      {
        name = "firmware-${one.name}";
        test = "${first codes} or (not member('first') and ${other codes}) or (not option[93].exists and ${said codes})";
      }
    ) server.architectures;

  # Where requests of a subnet come from: its relay, or the NIC itself.
  from =
    subnet:
    if subnet.relay == null then
      "(pkt4.giaddr == 0.0.0.0 and pkt.iface == '${subnet.interface}')"
    else
      "pkt4.giaddr == ${subnet.relay}";

  answers =
    server: subnet:
    let
      class = name: test: file: {
        name = "subnet/${subnet.name}/${name}";
        test = "${test} and ${from subnet}";
        next-server = subnet.serverAddress;
        boot-file-name = file;
      };
      done = if server.tls == null then "ipxe" else "https";
      byTftp =
        one:
        class "${one.name}-tftp"
          "member('firmware-${one.name}') and not member('http') and not member('${done}')"
          one.file;
      byHttp =
        one:
        class "${one.name}-http" "member('firmware-${one.name}') and member('http') and not member('ipxe')"
          "${subnet.plainUrl}/ipxe/${one.file}"
        // {
          # UEFI's HTTP client only accepts an answer that has HTTPClient as well.
          option-data = [
            {
              name = "vendor-class-identifier";
              data = "HTTPClient";
              always-send = true;
            }
          ];
        };
    in
    # Of several classes that match, the first one's file is sent: an iPXE without HTTPS counts as firmware
    # if HTTPS is used.
    map byTftp server.architectures
    ++ map byHttp (filter (one: one.httpCodes != [ ]) server.architectures)
    ++ [ (class "ipxe" "member('ipxe')" subnet.bootUrl) ];
in
{
  classes =
    server:
    requests server
    ++ concatMap (answers server) server.subnetList
    ++ when server.dhcp.onlyKnownNodes [
      {
        # The one name that kea itself acts on: no answer.
        name = "DROP";
        test = "not member('KNOWN')";
      }
    ];

  # So that kea looks into the option.
  definitions =
    server:
    when (server.tls != null) [
      {
        name = "ipxe";
        code = 175;
        type = "empty";
        encapsulate = "ipxe";
      }
    ];
}
