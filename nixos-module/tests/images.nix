# The specification of the images, as far as it is data: tools, parameters, services, sizes.
let
  images = import ../lib/images.nix;
  inherit (images) profiles;
  tools = builtins.concatLists (builtins.attrValues images.tools);
  names = builtins.attrNames profiles;
  # The build command has the names in bash; this is the line that it must have.
  command = builtins.readFile ../build-images.sh;
  has = text: builtins.length (builtins.split text command) > 1;
  mentioned = builtins.filter (name: has "profiles=\\([a-z -]*${name}[a-z -]*\\)") names;
  sizes =
    profile:
    images.expectedSizes {
      inherit profile;
      kernelFile = "bzImage";
    };
in
{
  toolsOfTheDocument = {
    expr = builtins.filter (tool: !(builtins.elem tool tools)) [
      "disko"
      "parted"
      "gptfdisk"
      "cryptsetup"
      "lvm2"
      "e2fsprogs"
      "xfsprogs"
      "iproute2"
      "curl"
      "tcpdump"
      "vim"
      "tmux"
      "htop"
    ];
    expected = [ ];
  };

  noToolTwice = {
    expr = builtins.length tools;
    expected = builtins.length (builtins.attrNames (builtins.groupBy (tool: tool) tools));
  };

  serialConsoleIsTheLast = {
    expr = map (isAarch64: images.kernelParameters { inherit isAarch64; }) [
      false
      true
    ];
    expected = [
      [
        "console=tty0"
        "console=ttyS0,115200"
      ]
      [
        "console=tty0"
        "console=ttyAMA0,115200"
      ]
    ];
  };

  sysctlOfTheDocument = {
    expr = images.virtualMachineSysctl;
    expected = {
      "fs.file-max" = 1000000;
      "net.ipv4.ip_forward" = 1;
      "net.core.netdev_max_backlog" = 5000;
    };
  };

  servicesByProfile = {
    expr = builtins.mapAttrs (_: profile: profile.services) profiles;
    expected = {
      control-plane = [
        "chainfire"
        "fiberlb"
        "flaredb"
        "flashdns"
        "iam"
        "k8shost"
        "lightningstor"
        "nightlight"
        "plasmavmc"
        "prismnet"
      ];
      worker = [
        "plasmavmc"
        "prismnet"
      ];
      all-in-one = profiles.control-plane.services;
    };
  };

  sizesOfTheDocument = {
    expr = map sizes [
      "control-plane"
      "worker"
      "all-in-one"
    ];
    expected = [
      ''
        bzImage 4000000 100000000 10000000 30000000
        initrd 50000000 2000000000 250000000 350000000
      ''
      ''
        bzImage 4000000 100000000 10000000 30000000
        initrd 50000000 2000000000 150000000 250000000
      ''
      ''
        bzImage 4000000 100000000 10000000 30000000
        initrd 50000000 2000000000 300000000 400000000
      ''
    ];
  };

  thePxeServerMayHandOverAPublicKey = {
    expr =
      map
        (
          value:
          (import ../lib/pxe).problems (
            (import ../examples/pxe).by-mac
            // {
              kernelParameters = [ "systemd.set_credential_binary=${value}" ];
            }
          ) == [ ]
        )
        [
          "ssh.authorized_keys.root:c3NoLWVkMjU1MTkgQUFBQSsvPT0="
          "ssh.authorized_keys.root:c3No,x"
          "iam-admin-password:c2VjcmV0"
        ];
    expected = [
      true
      false
      false
    ];
  };

  theCommandKnowsEveryProfile = {
    expr = mentioned;
    expected = names;
  };
}
