# The platform's services as one table, and what a systemd service of a row looks like.
# The modules in ../services are made from it. Must not know of nixpkgs.
let
  # Ports that the topology and the agent know as well.
  usual = (builtins.fromJSON (builtins.readFile ./topology/rules.json)).ports;

  # Defaults of the columns of a row.
  defaults = {
    # Starts after these, if they run on the same node.
    after = [ ];
    # Capabilities, devices and groups beyond what an ordinary user has.
    capabilities = [ ];
    devices = [ ];
    groups = [ ];
    # Limits in an installer, which runs from RAM: a service that is tried out there must not
    # use all of it.
    installerLimits = {
      MemoryMax = "512M";
      CPUQuota = "50%";
    };
    # Whether a switch of the system restarts it.
    restartIfChanged = true;
    # Overrides and additions to the [Service] section below.
    serviceConfig = { };
    # Ports that use UDP in addition to TCP.
    udp = [ ];
  };

  rows = {
    chainfire = {
      description = "distributed key-value store";
      ports = {
        port = usual.chainfire.api_port;
        raftPort = usual.chainfire.raft_port;
        gossipPort = 2381;
      };
      udp = [ "gossipPort" ];
    };
    flaredb = {
      description = "SQL database";
      ports = {
        port = usual.flaredb.api_port;
        raftPort = usual.flaredb.raft_port;
      };
      after = [ "chainfire" ];
    };
    iam = {
      description = "identity and access management";
      ports.port = usual.iam.api_port;
      after = [ "flaredb" ];
    };
    plasmavmc = {
      description = "virtual machine management";
      ports.port = 8081;
      after = [
        "iam"
        "prismnet"
      ];
      capabilities = [ "CAP_NET_ADMIN" ];
      devices = [
        "/dev/kvm rw"
        "/dev/net/tun rw"
        "/dev/vhost-net rw"
      ];
      groups = [ "kvm" ];
      # The virtual machines are its child processes, and outlive it.
      restartIfChanged = false;
      serviceConfig.KillMode = "process";
    };
    prismnet = {
      description = "overlay networks";
      ports.port = 8082;
      after = [
        "iam"
        "ovs-vswitchd"
      ];
      capabilities = [ "CAP_NET_ADMIN" ];
      devices = [ "/dev/net/tun rw" ];
    };
    flashdns = {
      description = "DNS";
      ports.port = 53;
      after = [ "chainfire" ];
      capabilities = [ "CAP_NET_BIND_SERVICE" ];
      udp = [ "port" ];
    };
    fiberlb = {
      description = "load balancer";
      ports.port = 8083;
      after = [
        "iam"
        "gobgpd"
      ];
      capabilities = [
        "CAP_NET_ADMIN"
        "CAP_NET_BIND_SERVICE"
      ];
    };
    lightningstor = {
      description = "object storage";
      ports.port = 8084;
      after = [ "iam" ];
    };
    nightlight = {
      description = "metrics storage";
      # That of Prometheus, whose API it provides.
      ports.port = 9090;
      after = [ "iam" ];
    };
    k8shost = {
      description = "container orchestration";
      ports.port = 8085;
      after = [
        "iam"
        "prismnet"
        "flashdns"
        "fiberlb"
      ];
      capabilities = [ "CAP_NET_ADMIN" ];
      # Containers are namespaces and control groups.
      serviceConfig = {
        Delegate = true;
        ProtectControlGroups = false;
        RestrictNamespaces = false;
      };
    };
  };

  table = builtins.mapAttrs (name: row: defaults // { dataDir = "/var/lib/${name}"; } // row) rows;

  # What no service of the platform needs.
  hardened = {
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    NoNewPrivileges = true;
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectProc = "invisible";
    ProtectSystem = "strict";
    RemoveIPC = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    SystemCallErrorNumber = "EPERM";
    SystemCallFilter = [
      "@system-service"
      "~@privileged"
    ];
    UMask = "0077";
  };
in
{
  inherit table;

  # The names of the options that hold ports, of one row.
  portNames = row: builtins.attrNames row.ports;

  # The [Unit] ordering of a row.
  ordering = row: map (name: "${name}.service") row.after;

  # The [Service] section of a row: who it runs as, what it may touch, what it may use.
  serviceConfig =
    name:
    {
      dataDir ? table.${name}.dataDir,
    }:
    let
      row = table.${name};
      ownFolder =
        if dataDir == row.dataDir then
          {
            StateDirectory = name;
            StateDirectoryMode = "0700";
          }
        else
          { ReadWritePaths = [ dataDir ]; };
      # The device nodes are those of the host's /dev, which PrivateDevices= would hide.
      devices =
        if row.devices == [ ] then
          { PrivateDevices = true; }
        else
          {
            DevicePolicy = "closed";
            DeviceAllow = row.devices;
          };
    in
    hardened
    // {
      User = name;
      Group = name;
      SupplementaryGroups = row.groups;
      AmbientCapabilities = row.capabilities;
      CapabilityBoundingSet = if row.capabilities == [ ] then [ "" ] else row.capabilities;
      RestrictAddressFamilies = [
        "AF_UNIX"
        "AF_INET"
        "AF_INET6"
      ]
      ++ (if builtins.elem "CAP_NET_ADMIN" row.capabilities then [ "AF_NETLINK" ] else [ ]);
      Restart = "on-failure";
      RestartSec = "5s";
    }
    // ownFolder
    // devices
    // row.serviceConfig;
}
