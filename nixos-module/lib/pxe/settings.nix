# What may be set, with the defaults, and what follows from it.
#
# `complete` fills in and derives; nothing here complains, see `problems.nix`.
let
  address = import ./address.nix;

  defaults = {
    # The address at which nodes reach this server; can be overridden per subnet.
    serverAddress = null;
    subnets = { };
    nodes = { };
    profiles = {
      control-plane.title = "Control plane";
      worker.title = "Worker";
      all-in-one.title = "All in one";
    };
    # For every profile. The last console is the one that systemd writes to.
    kernelParameters = [
      "console=tty0"
      "console=ttyS0,115200n8"
    ];
    menu = {
      # Seconds.
      timeout = 30;
      # A profile, or "disk": an unknown machine is not installed by accident.
      default = "disk";
    };
    dhcp = {
      # "dnsmasq" or "kea".
      backend = "dnsmasq";
      # "server" assigns addresses; "proxy" leaves that to an existing DHCP server.
      mode = "server";
      # Whether to ignore machines that are not listed in `nodes`; only as "server".
      onlyKnownNodes = false;
      # Additional settings for dnsmasq, or for Kea's Dhcp4, under their native names.
      extraSettings = { };
    };
    # A Kea high-availability pair that shares leases.
    failover = null;
    http = {
      port = 80;
      root = "/var/lib/pxe-boot/http";
      # Concurrent image transfers; further clients receive 503 and retry.
      concurrentTransfers = 32;
      # Bytes per second and transfer, in nginx notation ("50m"); null for no limit.
      rate = null;
      # Who may read /status (counters for monitoring), in addition to this server.
      statusFrom = [ ];
    };
    tls = null;
    tftp.root = "/var/lib/pxe-boot/tftp";
    # iPXE by firmware: a file; null: such clients are not given a boot file.
    loaders = {
      bios = "undionly.kpxe";
      efi64 = "ipxe.efi";
      efi32 = null;
      arm64 = null;
    };
    keaHooks = "/usr/lib/kea/hooks";
  };

  subnetDefaults = {
    # CIDR: 10.0.100.0/24.
    network = "";
    interface = null;
    range = null;
    gateway = null;
    dns = [ ];
    domain = null;
    # The DHCP relay's address in this subnet, if the server has no interface in it.
    relay = null;
    serverAddress = null;
    # Seconds.
    leaseTime = 43200;
    # Additional DHCP options: number to value.
    options = { };
  };

  nodeDefaults = {
    mac = "";
    profile = "";
    address = null;
    hostname = null;
    # "profile", or "disk" once it is installed.
    boot = "profile";
    configUrl = null;
    configSha256 = null;
    kernelParameters = [ ];
  };

  profileDefaults = name: {
    title = name;
    # The iPXE script that came with the image; it takes further parameters from `cmdline`.
    script = "images/${name}/netboot.ipxe";
    # For images without such a script: kernel and initrd themselves.
    kernel = null;
    initrd = null;
    kernelParameters = [ ];
  };

  tlsDefaults = {
    port = 443;
    # The name in the certificate; null: the address of the server.
    name = null;
  };

  # `null` and "not set" are the same, as in NixOS options.
  filled =
    base: given:
    base
    // builtins.listToAttrs (
      builtins.filter (entry: entry.value != null) (
        map (name: {
          inherit name;
          value = given.${name};
        }) (builtins.attrNames given)
      )
    );

  url =
    scheme: usual: port: host:
    "${scheme}://${host}${if port == usual then "" else ":${toString port}"}";

  complete =
    given:
    let
      server = filled defaults given // {
        menu = filled defaults.menu (given.menu or { });
        dhcp = filled defaults.dhcp (given.dhcp or { });
        http = filled defaults.http (given.http or { });
        tftp = filled defaults.tftp (given.tftp or { });
        tls = if given.tls or null == null then null else filled tlsDefaults given.tls;
        # Here null has a meaning: no boot file for this firmware.
        loaders = defaults.loaders // given.loaders or { };
        profiles = builtins.mapAttrs (name: filled (profileDefaults name)) (
          given.profiles or defaults.profiles
        );
        subnets = builtins.mapAttrs subnet (given.subnets or { });
        nodes = builtins.mapAttrs node (given.nodes or { });
      };
      subnet =
        name: said:
        let
          own = filled subnetDefaults said;
          host = if own.serverAddress == null then server.serverAddress else own.serverAddress;
        in
        own
        // {
          inherit name;
          serverAddress = host;
          net = address.network own.network;
          # Where firmware that supports HTTP finds iPXE, and where iPXE finds its first script:
          # with TLS, the one that continues over HTTPS.
          plainUrl = url "http" 80 server.http.port host;
          bootUrl =
            url "http" 80 server.http.port host + (if server.tls == null then "/boot.ipxe" else "/start.ipxe");
        };
      node =
        name: said:
        filled (nodeDefaults // { hostname = name; }) said
        // {
          inherit name;
        };
    in
    server
    // rec {
      subnetList = builtins.attrValues server.subnets;
      nodeList = builtins.attrValues server.nodes;
      interfaces = builtins.attrNames (
        builtins.listToAttrs (
          map (each: {
            name = each.interface;
            value = null;
          }) (builtins.filter (each: each.interface != null) subnetList)
        )
      );
      # The start of an HTTPS URL; iPXE knows under which address it reached this server.
      secureUrl =
        if server.tls == null then
          null
        else
          url "https" 443 server.tls.port (
            if server.tls.name == null then "\${next-server}" else server.tls.name
          );
      architectures = map (each: each // { file = loaderPath server each.name; }) (
        builtins.filter (each: server.loaders.${each.name} != null) (import ./architectures.nix)
      );
    };

  # Below the root of TFTP, and below `ipxe/` in HTTP: several are called ipxe.efi.
  # The loader's name alone: a text that names no store path must not depend on one.
  loaderPath =
    server: loader:
    "${loader}/${builtins.unsafeDiscardStringContext (baseNameOf server.loaders.${loader})}";
in
{
  inherit defaults complete;
}
