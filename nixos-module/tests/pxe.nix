# Cases of the PXE server: what follows from settings, and the messages for wrong ones.
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

  urls = builtins.fromJSON (builtins.readFile ./config-urls.json);
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
      null
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
      "tag:subnet/provisioning,tag:client/ipxe,http://10.0.100.10/boot.ipxe,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/arm64,tag:!client/http,tag:!client/ipxe,arm64/ipxe.efi,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/efi64,tag:!client/http,tag:!client/ipxe,efi64/snponly.efi,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/efi32,tag:!client/http,tag:!client/ipxe,efi32/ipxe.efi,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/bios,tag:!client/http,tag:!client/ipxe,bios/undionly.kpxe,,10.0.100.10"
      "tag:subnet/provisioning,tag:firmware/arm64,tag:client/http,tag:!client/ipxe,http://10.0.100.10/ipxe/arm64/ipxe.efi"
      "tag:subnet/provisioning,tag:firmware/efi64,tag:client/http,tag:!client/ipxe,http://10.0.100.10/ipxe/efi64/snponly.efi"
      "tag:subnet/provisioning,tag:firmware/efi32,tag:client/http,tag:!client/ipxe,http://10.0.100.10/ipxe/efi32/ipxe.efi"
    ];
  };
  httpBootSaysWhoItIs = {
    expr = (settings basic).dhcp-option-force;
    expected = [ "tag:firmware/efi64,tag:client/http,tag:!client/ipxe,60,HTTPClient" ];
  };
  eachNetworkHasItsServer = {
    expr =
      filter (rule: match ".*boot[.]ipxe.*" rule != null)
        (settings examples.multi-homed).dhcp-boot;
    expected = [
      "tag:subnet/compute,tag:client/ipxe,http://10.0.200.10/boot.ipxe,,10.0.200.10"
      "tag:subnet/control,tag:client/ipxe,http://10.0.100.10/boot.ipxe,,10.0.100.10"
      "tag:subnet/storage,tag:client/ipxe,http://172.16.0.10/boot.ipxe,,172.16.0.10"
    ];
  };
  aProxyGivesNoAddresses = {
    expr = (settings examples.development).dhcp-range;
    expected = [ "set:subnet/home,192.168.1.0,proxy,255.255.255.0" ];
  };
  aProxyLoadsIpxeBeforeItIsToSpeakHttps = {
    expr = (settings (examples.development // { inherit (examples.https) tls; })).pxe-service;
    expected = [
      "tag:subnet/home,tag:!client/https,x86PC,\"iPXE\",bios/undionly.kpxe,192.168.1.20"
      "tag:subnet/home,tag:client/https,x86PC,\"boot.ipxe\",http://192.168.1.20:8000/start.ipxe"
      "tag:subnet/home,tag:!client/https,X86-64_EFI,\"iPXE\",efi64/ipxe.efi,192.168.1.20"
      "tag:subnet/home,tag:client/https,X86-64_EFI,\"boot.ipxe\",http://192.168.1.20:8000/start.ipxe"
    ];
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
      "first: -"
      "http: -"
      "firmware-bios: -"
      "firmware-efi64: -"
      "subnet/provisioning/bios-tftp: bios/undionly.kpxe"
      "subnet/provisioning/efi64-tftp: efi64/ipxe.efi"
      "subnet/provisioning/efi64-http: http://10.0.100.10/ipxe/efi64/ipxe.efi"
      "subnet/provisioning/ipxe: http://10.0.100.10/boot.ipxe"
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
        topology = builtins.fromJSON (builtins.readFile ./topology/good/four-nodes.json);
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
        (builtins.elemAt (lines (texts given)."http/nodes/52-54-00-00-01-04.ipxe") 1)
        (settings given).dhcp-host
      ];
    expected = [
      [ ]
      "# node04: control-plane"
      [
        "52:54:00:00:01:01,10.0.1.10,node01."
        "52:54:00:00:01:02,10.0.1.11,node02."
        "52:54:00:00:01:03,10.0.1.12,node03."
        "52:54:00:00:01:04,10.0.1.13,node04."
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
      (builtins.head (settings examples.https).dhcp-boot)
      (builtins.elemAt (lines (texts examples.https)."http/start.ipxe") 1)
      (elem "    return 301 https://pxe.example.com$request_uri;" (
        lines (texts examples.https)."etc/nginx.conf"
      ))
    ];
    expected = [
      "tag:subnet/provisioning,tag:client/ipxe,http://10.0.100.10/start.ipxe,,10.0.100.10"
      "chain --autofree https://pxe.example.com/boot.ipxe && exit ||"
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
  wrongRangeBackwards = once ".*ends before it starts; swap the two" (subnet {
    range = {
      start = "10.0.100.200";
      end = "10.0.100.100";
    };
  });
  wrongRangeHoldsTheServer = once ".*range: .* contains 10.0.100.10, .*; move the range" (subnet {
    range = {
      start = "10.0.100.5";
      end = "10.0.100.200";
    };
  });
  wrongNetwork = once "subnets.provisioning.network: 10.0.100.7/24 .*; write 10.0.100.0/24" (subnet {
    network = "10.0.100.7/24";
  });
  noNetwork = once "subnets.provisioning.network: \"10.0.100\" is not a network; write .*" (subnet {
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
  wrongRelay = once "subnets.provisioning.relay: 10.0.1.1 .*; set the relay's address .*" (subnet {
    relay = "10.0.1.1";
  });
  noInterface = once "subnets.provisioning.interface: missing; .*" (subnet {
    interface = null;
  });
  noSubnet = once "subnets: none; .*" { subnets = { }; };
  overlap = once "subnets.other and subnets.provisioning overlap .*; .* separate them" {
    subnets = basic.subnets // {
      other = {
        interface = "eth2";
        network = "10.0.0.0/16";
        serverAddress = "10.0.100.10";
      };
    };
  };
  wrongOption =
    once "subnets.provisioning.options: \"ntp\" is not a number from 1 to 254; .*"
      (subnet {
        options.ntp = "10.0.0.1";
      });
  # No option, or one that is said elsewhere: each once, with what to do.
  optionsThatAreNone = {
    expr =
      filter
        (
          number:
          says "subnets.provisioning.options: .*; .*" (
            wrong (subnet {
              options.${number} = "10.0.0.1";
            })
          ) != [
            1
            true
          ]
        )
        [
          "0"
          "042"
          "255"
          "999"
          "1"
          "3"
          "6"
          "12"
          "15"
          "50"
          "51"
          "53"
          "54"
          "60"
          "67"
          "82"
        ];
    expected = [ ];
  };
  anOptionWithASettingNamesIt = once "subnets.provisioning.options: 6 is set by dns; .*" (subnet {
    options."6" = "10.0.0.1";
  });
  optionsThatAreFine = {
    expr =
      builtins.concatMap
        (
          number:
          wrong (subnet {
            options.${number} = "10.0.0.1";
          })
        )
        [
          "2"
          "4"
          "28"
          "42"
          "43"
          "119"
          "121"
          "150"
          "254"
        ];
    expected = [ ];
  };
  emptyOption = {
    expr =
      map
        (
          value:
          says "subnets.provisioning.options: the value of 42 is empty; .*" (
            wrong (subnet {
              options."42" = value;
            })
          )
        )
        [
          ""
          " "
        ];
    expected = builtins.genList (_: [
      1
      true
    ]) 2;
  };

  wrongMac = once "nodes.node01.mac: \"52:54\" is not a MAC address; write six bytes.*" (node {
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
    once "nodes.node01.profile: \"boss\" is unknown; use one of all-in-one, control-plane, worker"
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
      "nodes.node01.address: 10.0.100.150 is in the dynamic range of subnets.provisioning .*; use an address outside"
      (node {
        address = "10.0.100.150";
      });
  addressOfTheServer =
    once "nodes.node01.address: 10.0.100.10 belongs to this server.*; use a free address"
      (node {
        address = "10.0.100.10";
      });
  # What a daemon or iPXE would take for a word of its own.
  hostNamesThatAreNone = {
    expr =
      filter
        (
          name:
          builtins.length (
            wrong (node {
              hostname = name;
            })
          ) != 1
        )
        [
          "10"
          "0x1f"
          "localhost"
          "nixos"
          "ca"
          "-a"
          "a."
          "*"
          "a,ignore"
          "A"
        ];
    expected = [ ];
  };
  hostNamesThatAreFine = {
    expr =
      builtins.concatMap
        (
          name:
          wrong (node {
            hostname = name;
          })
        )
        [
          "ignore"
          "infinite"
          "12h"
          "dead"
          "set"
          "tag"
          "id"
        ];
    expected = [ ];
  };
  wrongNodeName = once "nodes.a \\|\\| reboot: cannot be a node's name .*; rename it" {
    nodes."a || reboot" = {
      mac = "52:54:00:00:00:01";
      profile = "worker";
      hostname = "node01";
    };
  };
  wrongGroupMac = once "nodes.node01.mac: .* is not the address of one machine; .*" (node {
    mac = "01:00:5e:00:00:01";
  });
  wrongAddressWithZeros =
    once "nodes.node01.address: .* is not an IPv4 address; .* leading zeros"
      (node {
        address = "10.0.100.050";
      });
  wrongSubnetName = once "subnets.a,b: cannot be a subnet's name .*; rename it" {
    subnets."a,b" = basic.subnets.provisioning;
  };
  wrongInterface =
    once "subnets.provisioning.interface: \"eth\\*\" is not the name of one network interface; .*"
      (subnet {
        interface = "eth*";
      });
  wrongDomain = once "subnets.provisioning.domain: \"a,b\" is not a domain; .*" (subnet {
    domain = "a,b";
  });
  wrongLease =
    once "subnets.provisioning.leaseTime: infinite is not a valid lease time in seconds; .*"
      (subnet {
        leaseTime = "infinite";
      });
  wrongOptionValue = once "subnets.provisioning.options: the value of 42 .*" (subnet {
    options."42" = "10.0.0.1\ndhcp-script=/bin/sh";
  });
  wrongTitle = once "profiles.worker.title: .* would be read by iPXE .*" {
    profiles.worker.title = "Worker && reboot";
  };
  wrongScript = once "profiles.worker.script: .* is not a path below http.root; .*" {
    profiles.worker.script = "../etc/passwd";
  };
  wrongRoot = once "http.root: .* is not a path that every daemon reads alike; .*" {
    http.root = "/srv/$host";
  };
  pathsThatAreFine = {
    expr = builtins.concatMap wrong [
      { http.root = "/srv/http/"; }
      { tftp.root = "/srv/tftp/"; }
      { tftp.root = "/home/pxe/.tftp"; }
      {
        tls = {
          certificate = "/root/.acme.sh/pxe_ecc/fullchain.cer";
          key = "/root/.acme.sh/pxe_ecc/pxe.key";
        };
      }
    ];
    expected = [ ];
  };
  pathsThatAreNone = {
    expr =
      filter
        (
          path:
          map (change: builtins.length (wrong change)) [
            { http.root = path; }
            { tftp.root = path; }
          ] != [
            1
            1
          ]
        )
        [
          "/"
          "srv"
          "/srv//http"
          "/srv/http//"
          "/srv/../etc"
          "/srv/."
          "/srv/.."
          "/srv/.../x"
          "/srv/a b"
          "/srv/a;"
          "/srv/-\"x"
        ];
    expected = [ ];
  };
  aFileIsNoFolder = once "tls.certificate: .* and without a trailing slash" {
    tls = {
      certificate = "/root/fullchain.pem/";
      key = "/root/pxe.key";
    };
  };
  wrongRate = once "http.rate: \"fast\" is not a rate; .*" { http.rate = "fast"; };
  ratesAsNginxReadsThem = {
    expr =
      map
        (
          rate:
          builtins.length (wrong {
            http = { inherit rate; };
          })
        )
        [
          "1"
          "500k"
          "10K"
          "50m"
          "10M"
          "1g"
          "1G"
          "0"
          "050m"
          "99999999999999999999"
          "50 m"
        ];
    expected = [
      0
      0
      0
      0
      0
      1
      1
      1
      1
      1
      1
    ];
  };
  wrongSource = once "http.statusFrom: \"all\" is neither .*" { http.statusFrom = [ "all" ]; };
  wrongLoader = once "loaders.bios: \"a,b.kpxe\" is not a file name .*" {
    loaders.bios = "a,b.kpxe";
  };
  wrongTlsName = once "tls.name: \"_\" is not a name .*" {
    tls = {
      certificate = "/c";
      key = "/k";
      name = "_";
    };
  };
  parametersThatIpxeReads = {
    expr = builtins.length (wrong {
      kernelParameters = [
        "#quiet"
        "||"
        "&&"
        ";"
        "a\\"
        "\${x}"
        "a=#b"
      ];
    });
    expected = 6;
  };

  # To the kernel, which knows one kind of quotes, and to systemd, which knows two.
  parametersWithAnOpenQuote = {
    expr = builtins.length (wrong {
      kernelParameters = [
        "a='b"
        "a=\"b"
        "a=it's"
        "'a\"b'"
        "a=\"b\"'"
      ];
    });
    expected = 5;
  };
  parametersWithQuotesThatAreClosed = {
    expr = wrong {
      kernelParameters = [
        "a='b'"
        "a=\"b\""
        "a=\"it's\""
        "dyndbg=\"+p\""
        "a=''\"\""
      ];
    };
    expected = [ ];
  };

  addressOfTheOtherServer = {
    expr =
      map (problem: match "nodes.node01.address: 10.0.100.11 belongs to this server.*" problem != null)
        (
          pxe.problems (
            examples.failover
            // node {
              address = "10.0.100.11";
            }
          )
        );
    expected = [ true ];
  };
  wrongResolver =
    once "subnets.provisioning.dns: \"0.0.0.0\" is not an IPv4 address of a machine; .*"
      (subnet {
        dns = [ "0.0.0.0" ];
      });

  wrongHostName = once "nodes.node01.hostname: \"Node_1\" is not a valid hostname; .*" (node {
    hostname = "Node_1";
  });
  wrongDigest = once "nodes.node01.configSha256: not 64 .*" (node {
    configUrl = "https://deploy.example.com/node01.json";
    configSha256 = "abc";
  });
  plainUrl = once "nodes.node01.configUrl: the agent would refuse it; begin with https://: .*" (node {
    configUrl = "http://deploy.example.com/node01.json";
  });

  # The agent's tests read the same cases.
  configUrlsAsTheAgentTakesThem = {
    expr =
      let
        problemsOf =
          url:
          wrong (node {
            configUrl = url;
          });
      in
      {
        refused = filter (url: problemsOf url != [ ]) urls.accepted;
        taken = filter (url: builtins.length (problemsOf url) != 1) (
          urls.refused ++ urls.accepted_by_the_agent_alone
        );
        shown = filter (problem: match ".*hunter2.*" problem != null) (
          builtins.concatMap problemsOf urls.refused
        );
      };
    expected = {
      refused = [ ];
      taken = [ ];
      shown = [ ];
    };
  };

  wrongPort = once "http.port: 70000 is not a port; .*" { http.port = 70000; };
  samePorts = once "tls.port: 443 is also http.port; .*" {
    http.port = 443;
    tls = {
      certificate = "/c";
      key = "/k";
    };
  };
  wrongDefault = once "menu.default: \"boss\" is unknown; use one of disk, .*" {
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
