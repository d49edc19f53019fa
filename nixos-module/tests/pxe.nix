# Cases of the PXE server: what follows from settings, and what is said of wrong ones.
# Real daemons read the same texts in vm-tests/harness/tests/test_pxe_daemons.py.
let
  pxe = import ../lib/pxe;
  address = import ../lib/pxe/address.nix;
  examples = import ../examples/pxe;
  inherit (builtins)
    attrNames
    elem
    filter
    isString
    match
    split
    ;

  lines = text: filter (line: isString line && line != "") (split "\n" text);
  startsWith = start: text: builtins.substring 0 (builtins.stringLength start) text == start;
  linesOf = start: text: filter (startsWith start) (lines text);

  basic = examples.single-subnet;
  texts = pxe.pxe-config;
  nodes = texts examples.by-mac;
  settings = pxe.dnsmasqSettings;

  # The basic settings with a node, or with something else that is wrong in them.
  wrong = change: pxe.problems (basic // change);
  node = said: {
    nodes.node01 = {
      mac = "52:54:00:00:00:01";
      profile = "worker";
    }
    // said;
  };
  subnet = said: { subnets.provisioning = basic.subnets.provisioning // said; };
  # One problem, which names the object and, after the semicolon, what to do.
  says = pattern: found: [
    (builtins.length found)
    (match pattern (builtins.concatStringsSep "\n" found) != null)
  ];
  once = pattern: change: {
    expr = says pattern (wrong change);
    expected = [
      1
      true
    ];
  };
in
{
  addressesAreNumbers = {
    expr = map address.number [
      "10.0.0.1"
      "0.0.0.0"
      "10.0.0.256"
      "10.0.0"
      "10.0.0.010"
    ];
    expected = [
      167772161
      0
      null
      null
      167772170
    ];
  };
  networksHaveEnds = {
    expr =
      let
        net = address.network "10.0.200.0/23";
      in
      map address.text [
        net.first
        net.last
      ]
      ++ [ net.netmask ];
    expected = [
      "10.0.200.0"
      "10.0.201.255"
      "255.255.254.0"
    ];
  };
  macAddressesAreWrittenInOneWay = {
    expr = map address.mac [
      "52-54-00-AB-cd-01"
      "52:54:00:ab:cd:01"
      "525400abcd01"
    ];
    expected = [
      "52:54:00:ab:cd:01"
      "52:54:00:ab:cd:01"
      null
    ];
  };

  everyExampleIsRendered = {
    expr = builtins.mapAttrs (_: given: elem "http/boot.ipxe" (attrNames (texts given))) examples;
    expected = builtins.mapAttrs (_: _: true) examples;
  };
  thereAreEightExamples = {
    expr = builtins.length (attrNames examples);
    expected = 8;
  };

  firmwareIsToldApart = {
    expr =
      (settings (
        basic
        // {
          loaders = {
            bios = "undionly.kpxe";
            efi64 = "snponly.efi";
            efi32 = "ipxe.efi";
            arm64 = "/some/where/ipxe.efi";
          };
        }
      )).dhcp-boot;
    expected = [
      "tag:provisioning,tag:bios,tag:!ipxe,bios/undionly.kpxe,,10.0.100.10"
      "tag:provisioning,tag:efi32,tag:!ipxe,efi32/ipxe.efi,,10.0.100.10"
      "tag:provisioning,tag:efi64,tag:!ipxe,efi64/snponly.efi,,10.0.100.10"
      "tag:provisioning,tag:arm64,tag:!ipxe,arm64/ipxe.efi,,10.0.100.10"
      "tag:provisioning,tag:efi32-http,tag:!ipxe,http://10.0.100.10/ipxe/efi32/ipxe.efi"
      "tag:provisioning,tag:efi64-http,tag:!ipxe,http://10.0.100.10/ipxe/efi64/snponly.efi"
      "tag:provisioning,tag:arm64-http,tag:!ipxe,http://10.0.100.10/ipxe/arm64/ipxe.efi"
      "tag:provisioning,tag:ipxe,http://10.0.100.10/boot.ipxe,,10.0.100.10"
    ];
  };
  httpBootSaysWhoItIs = {
    expr = (settings basic).dhcp-option-force;
    expected = [ "tag:efi64-http,tag:!ipxe,60,HTTPClient" ];
  };
  eachNetworkHasItsServer = {
    expr = filter (rule: match ".*tag:ipxe,.*" rule != null) (settings examples.multi-homed).dhcp-boot;
    expected = [
      "tag:compute,tag:ipxe,http://10.0.200.10/boot.ipxe,,10.0.200.10"
      "tag:control,tag:ipxe,http://10.0.100.10/boot.ipxe,,10.0.100.10"
      "tag:storage,tag:ipxe,http://172.16.0.10/boot.ipxe,,172.16.0.10"
    ];
  };
  aProxyGivesNoAddresses = {
    expr = (settings examples.development).dhcp-range;
    expected = [ "set:home,192.168.1.0,proxy,255.255.255.0" ];
  };
  keaLeavesTftpToDnsmasq = {
    expr = attrNames (settings examples.failover);
    expected = [
      "bind-dynamic"
      "enable-tftp"
      "interface"
      "port"
      "tftp-root"
    ];
  };
  keaKnowsItsPartner = {
    expr =
      let
        hooks = (pxe.keaSettings examples.failover).hooks-libraries;
        pair = builtins.head (builtins.elemAt hooks 1).parameters.high-availability;
      in
      [ pair.this-server-name ] ++ map (peer: "${peer.role} ${peer.url}") pair.peers;
    expected = [
      "pxe01"
      "primary http://10.0.100.10:8000/"
      "standby http://10.0.100.11:8000/"
    ];
  };
  keaTellsFirmwareApart = {
    expr = map (
      class: "${class.name}: ${class.boot-file-name or "-"}"
    ) (pxe.keaSettings examples.failover).client-classes;
    expected = [
      "ipxe: -"
      "provisioning-bios: bios/undionly.kpxe"
      "provisioning-efi64: efi64/ipxe.efi"
      "provisioning-efi64-http: http://10.0.100.10/ipxe/efi64/ipxe.efi"
      "provisioning-ipxe: http://10.0.100.10/boot.ipxe"
    ];
  };

  aNodePassesItsConfiguration = {
    expr = linesOf "set cmdline" nodes."http/nodes/52-54-00-00-01-02.ipxe";
    expected = [
      "set cmdline console=tty0 console=ttyS0,115200n8 first_boot.config_url=https://deploy.example.com/node02/cluster-config.json first_boot.config_sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    ];
  };
  anInstalledNodeGoesToItsDisk = {
    expr = linesOf "chain" nodes."http/nodes/52-54-00-00-01-03.ipxe";
    expected = [ ];
  };
  # Every node of a topology boots the profile of its role, from what it says of them.
  aTopologyIsANodeList = {
    expr =
      let
        topology = (import ../examples/topology.nix).nix-nos;
        given = {
          serverAddress = "10.0.1.2";
          subnets.cluster = {
            interface = "eth1";
            network = "10.0.1.0/24";
          };
          nodes = (import ../lib/topology).pxeNodes topology;
        };
      in
      [
        (pxe.problems given)
        (builtins.elemAt (lines (texts given)."http/nodes/52-54-00-00-01-13.ipxe") 1)
        (settings given).dhcp-host
      ];
    expected = [
      [ ]
      "# node04: control-plane"
      [
        "52:54:00:00:01:10,10.0.1.10,node01"
        "52:54:00:00:01:11,10.0.1.11,node02"
        "52:54:00:00:01:12,10.0.1.12,node03"
        "52:54:00:00:01:13,10.0.1.13,node04"
      ]
    ];
  };

  theMenuWaitsThirtySeconds = {
    expr = linesOf "choose" (texts basic)."http/menu.ipxe";
    expected = [ "choose --timeout 30000 --default disk chosen || goto shell" ];
  };
  theMenuHasTheProfiles = {
    expr = filter (line: match "item .*(Control plane|Worker|All in one)" line != null) (
      lines (texts basic)."http/menu.ipxe"
    );
    expected = [
      "item --key a all-in-one All in one"
      "item --key c control-plane Control plane"
      "item --key w worker Worker"
    ];
  };
  everyChoiceHasItsPlace = {
    expr =
      let
        menu = lines (texts examples.development)."http/menu.ipxe";
        chosen = map (line: builtins.elemAt (match "item (--key . )?([a-z0-9-]+) .*" line) 1) (
          filter (line: match "item (--key . )?[a-z0-9].*" line != null) menu
        );
      in
      filter (name: !elem ":${name}" menu) chosen;
    expected = [ ];
  };
  tlsLeavesHttpToFirmware = {
    expr = [
      (filter (rule: match ".*tag:ipxe,.*" rule != null) (settings examples.https).dhcp-boot)
      (elem "    return 301 https://pxe.example.com$request_uri;" (
        lines (texts examples.https)."etc/nginx.conf"
      ))
    ];
    expected = [
      [ "tag:provisioning,tag:ipxe,https://pxe.example.com/boot.ipxe,,10.0.100.10" ]
      true
    ];
  };

  wrongRange =
    once "subnets.provisioning.range: 10.0.99.1 to .* choose addresses of 10.0.100.1 to 10.0.100.254"
      (subnet {
        range = {
          start = "10.0.99.1";
          end = "10.0.100.200";
        };
      });
  wrongRangeBackwards = once ".*ends before it starts; exchange the two" (subnet {
    range = {
      start = "10.0.100.200";
      end = "10.0.100.100";
    };
  });
  wrongRangeHoldsTheServer = once ".*range: .* holds 10.0.100.10, .*; move the range" (subnet {
    range = {
      start = "10.0.100.5";
      end = "10.0.100.200";
    };
  });
  wrongNetwork = once "subnets.provisioning.network: 10.0.100.7/24 .*; write 10.0.100.0/24" (subnet {
    network = "10.0.100.7/24";
  });
  noNetwork = once "subnets.provisioning.network: \"10.0.100\" is no network; write .*" (subnet {
    network = "10.0.100";
  });
  wrongServer =
    once
      "subnets.provisioning: the server address 10.0.1.1 is not inside .*; set subnets.provisioning.serverAddress .*"
      {
        serverAddress = "10.0.1.1";
      };
  noServer = once "subnets.provisioning: no server address; set serverAddress .*" {
    serverAddress = null;
  };
  wrongGateway = once "subnets.provisioning.gateway: 10.0.1.1 is not inside .*" (subnet {
    gateway = "10.0.1.1";
  });
  wrongRelay = once "subnets.provisioning.relay: 10.0.1.1 .*; name the relay's address .*" (subnet {
    relay = "10.0.1.1";
  });
  noInterface = once "subnets.provisioning.interface: missing; .*" (subnet {
    interface = null;
  });
  noSubnet = once "subnets: none; .*" { subnets = { }; };
  overlap = once "subnets.other and subnets.provisioning overlap .*; .* make them apart" {
    subnets = basic.subnets // {
      other = {
        interface = "eth2";
        network = "10.0.0.0/16";
        serverAddress = "10.0.100.10";
      };
    };
  };
  wrongOption = once "subnets.provisioning.options: \"ntp\" is no number; .*" (subnet {
    options.ntp = "10.0.0.1";
  });

  wrongMac = once "nodes.node01.mac: \"52:54\" is no MAC address; write six bytes.*" (node {
    mac = "52:54";
  });
  sameMac = once "nodes node01, node02 have the same MAC address 52:54:00:00:00:01; .*" {
    nodes = {
      node01 = {
        mac = "52:54:00:00:00:01";
        profile = "worker";
      };
      node02 = {
        mac = "52-54-00-00-00-01";
        profile = "worker";
      };
    };
  };
  wrongProfile =
    once "nodes.node01.profile: \"boss\" is unknown; take one of all-in-one, control-plane, worker"
      (node {
        profile = "boss";
      });
  wrongBoot = once "nodes.node01.boot: .*" (node {
    boot = "network";
  });
  wrongAddress =
    once "nodes.node01.address: 10.0.9.9 is in none of the subnets \\(10.0.100.0/24\\); .*"
      (node {
        address = "10.0.9.9";
      });
  addressInRange =
    once
      "nodes.node01.address: 10.0.100.150 lies in the dynamic range of subnets.provisioning .*; take one outside"
      (node {
        address = "10.0.100.150";
      });
  addressOfTheServer =
    once "nodes.node01.address: 10.0.100.10 is this server.*; take a free one"
      (node {
        address = "10.0.100.10";
      });
  wrongHostName = once "nodes.node01.hostname: \"Node_1\" is no host name; .*" (node {
    hostname = "Node_1";
  });
  wrongDigest = once "nodes.node01.configSha256: not 64 .*" (node {
    configUrl = "https://deploy.example.com/node01.json";
    configSha256 = "abc";
  });
  plainUrl =
    once
      "nodes.node01.configUrl: \"http://deploy.example.com/node01.json\" is none .*; write https://HOST/PATH"
      (node {
        configUrl = "http://deploy.example.com/node01.json";
      });

  wrongPort = once "http.port: 70000 is no port; .*" { http.port = 70000; };
  samePorts = once "tls.port: 443 is http.port too; .*" {
    http.port = 443;
    tls = {
      certificate = "/c";
      key = "/k";
    };
  };
  wrongDefault = once "menu.default: \"boss\" is unknown; take one of disk, .*" {
    menu.default = "boss";
  };
  endlessMenu = once "menu.timeout: 0 .*" { menu.timeout = 0; };
  noLoader = once "loaders: none is set.*" {
    loaders = {
      bios = null;
      efi64 = null;
    };
  };
  failoverWithoutKea = once "failover: dnsmasq knows no failover; set dhcp.backend = \"kea\".*" {
    inherit (examples.failover) failover;
  };
  profileNamedLikeTheMenu = once "profiles.shell: cannot be a profile's name .*; rename it" {
    profiles.shell = { };
  };

  aSecretIsNamedAndNotShown = {
    expr =
      let
        found = wrong {
          kernelParameters = [
            "iam.admin_password=hunter2"
            "systemd.set_credential=cluster-config:hunter2"
            "first_boot.proxy=http://me:hunter2@10.0.0.1/"
          ];
        };
      in
      [
        (builtins.length found)
        (filter (problem: match ".*hunter2.*" problem != null) found)
      ];
    expected = [
      3
      [ ]
    ];
  };
  aDigestIsNoSecret = {
    expr = wrong {
      kernelParameters = [ "first_boot.config_sha256=00" ];
    };
    expected = [ ];
  };
  twoParametersInOne =
    once "kernelParameters: \"quiet splash\" .*; write one list entry for each parameter"
      {
        kernelParameters = [ "quiet splash" ];
      };

  allProblemsAtOnce = {
    expr = texts (basic // node { mac = "?"; } // { http.port = 0; });
    expectedError = "2 problem\\(s\\):\n(.*\n)*.*- http.port: 0 .*\n.*- nodes.node01.mac: ";
  };
}
