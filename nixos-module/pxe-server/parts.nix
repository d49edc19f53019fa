# The types of the PXE server's parts: a subnet, a node, a profile, TLS, a pair of servers.
#
# Loose where `lib/pxe/problems` says more than a type could: which node, and what to do.
{ lib }:
let
  inherit (lib) mkOption types;
  part = options: types.submodule { inherit options; };
  must = type: description: mkOption { inherit type description; };
  may =
    type: default: description:
    mkOption { inherit type default description; };
  maybe = type: may (types.nullOr type) null;
in
{
  subnet = part {
    network = must types.str "The network in CIDR form, such as `10.0.100.0/24`.";
    interface = must types.str "The card on which its requests arrive.";
    range = maybe (part {
      start = must types.str "The first address.";
      end = must types.str "The last address.";
    }) "Addresses to give away; `null` answers only nodes with an address of their own.";
    gateway = maybe types.str "The router that nodes are told.";
    dns = may (types.listOf types.str) [ ] "The resolvers that nodes are told.";
    domain = maybe types.str "The domain that nodes are told.";
    relay = maybe types.str "The DHCP relay's address in this network, where this server has no leg in it.";
    serverAddress = maybe types.str "This server's address in this network; by default the server's.";
    leaseTime = may types.ints.positive 43200 "Seconds that an address is given for.";
    options =
      may (types.attrsOf types.str) { }
        "Further DHCP options, by number: `{ \"42\" = \"10.0.100.2\"; }`.";
  };

  node = part {
    mac = must types.str "The MAC address of the card that it boots from.";
    profile = must types.str "What it boots.";
    address = maybe types.str "Its address, outside of the range; `null` takes one of the range.";
    hostname = maybe types.str "Its host name; by default its name here.";
    boot = may (types.enum [
      "profile"
      "disk"
    ]) "profile" "`disk` once it is installed, for firmware that tries the network first.";
    configUrl = maybe types.str "Where its first-boot stage finds its configuration, over HTTPS (`first_boot.config_url`).";
    configSha256 = maybe types.str "The configuration's digest (`first_boot.config_sha256`).";
    kernelParameters =
      may (types.listOf types.str) [ ]
        "Its further kernel parameters. Readable by everybody: no secrets.";
  };

  profile = part {
    title = maybe types.str "What the menu calls it; by default its name.";
    script = maybe types.str "The image's iPXE script below `http.root`; by default `images/NAME/netboot.ipxe`.";
    kernel = maybe types.str "A kernel below `http.root`, where the image has no script.";
    initrd = maybe types.str "The initrd that goes with `kernel`.";
    kernelParameters = may (types.listOf types.str) [ ] "Its further kernel parameters.";
  };

  tls = part {
    certificate = must types.path "The certificate and what it hangs on, as PEM.";
    key = must types.externalPath "Its key, outside of the Nix store; nginx reads it as its own user (0640 root:nginx).";
    port = may types.port 443 "Port of HTTPS.";
    name = maybe types.str "The name in the certificate; by default the server's address.";
  };

  failover = part {
    this = must types.str "Which of the peers this server is.";
    peers = must (types.attrsOf (part {
      address = must types.str "Where its kea listens for the other.";
      port = may types.port 8000 "The port of it.";
      role = must (types.enum [
        "primary"
        "standby"
      ]) "Who answers as long as both are well.";
    })) "The two servers, by name.";
  };
}
