# What the netboot images are made of, as data: tools, kernel parameters, services, sizes.
#
# Must not know nixpkgs: a package is a name here, and ../images looks it up. The sizes reach
# the build command inside each image (`expectedSizes`), so that there is no second table.
let
  megabyte = 1000 * 1000;

  # MB as the image overview writes them. Outside `refused` an artefact cannot be right: cut
  # off, or too large to boot (a store image above 2 GiB has broken ramdisks before). Outside
  # `usual` it is worth a look.
  kernelSize = {
    refused = [
      4
      100
    ];
    usual = [
      10
      30
    ];
  };
  ramdiskSize = usual: {
    refused = [
      50
      2000
    ];
    inherit usual;
  };

  everyService = builtins.attrNames (import ./services.nix).table;

  sizeLine =
    file: size:
    builtins.concatStringsSep " " (
      [ file ] ++ map (bound: toString (bound * megabyte)) (size.refused ++ size.usual)
    );
in
rec {
  # What an installer has at hand, by purpose.
  tools = {
    disks = [
      "disko"
      "parted"
      "gptfdisk"
      "cryptsetup"
      "lvm2"
      "mdadm"
      "nvme-cli"
      "smartmontools"
    ];
    fileSystems = [
      "e2fsprogs"
      "xfsprogs"
      "dosfstools"
    ];
    network = [
      "iproute2"
      "curl"
      "tcpdump"
      "ethtool"
    ];
    people = [
      "vim"
      "tmux"
      "htop"
      "jq"
    ];
  };

  # For machines that run virtual machines; Open vSwitch and libvirtd come as services.
  virtualMachineTools = [
    "qemu_kvm"
    "libvirt"
    "openvswitch"
  ];

  # The last console is /dev/console: a machine in a rack is watched over its serial line.
  # For `stdenv.hostPlatform`: the serial console is the firmware's, and Arm's has another name.
  kernelParameters = platform: [
    "console=tty0"
    "console=${if platform.isAarch64 then "ttyAMA0" else "ttyS0"},115200"
  ];

  # Firmware for the NICs of servers, as directories of linux-firmware: 16 MB, 5 MB in the
  # image. All of it would be some hundred. bnxt_en, i40e, igb, ixgbe and mlx5_core load none.
  nicFirmware = [
    "bnx2"
    "bnx2x"
    "cxgb4"
    "intel/ice"
    "liquidio"
    "qed"
    "rtl_nic"
    "tigon"
  ];

  # NICs of servers, for an initrd that fetches something.
  networkModules = [
    "bnxt_en"
    "e1000e"
    "i40e"
    "ice"
    "igb"
    "ixgbe"
    "mlx5_core"
    "r8169"
    "tg3"
    "virtio_net"
  ];

  # KVM's own modules are loaded by udev, by the kind of CPU; the other kind's would fail.
  virtualMachineModules = [ "vhost_net" ];

  virtualMachineSysctl = {
    "fs.file-max" = 1000000;
    "net.ipv4.ip_forward" = 1;
    "net.core.netdev_max_backlog" = 5000;
  };

  profiles = {
    control-plane = {
      services = everyService;
      runsVirtualMachines = false;
      ramdisk = ramdiskSize [
        250
        350
      ];
    };
    worker = {
      services = [
        "plasmavmc"
        "prismnet"
      ];
      runsVirtualMachines = true;
      ramdisk = ramdiskSize [
        150
        250
      ];
    };
    all-in-one = {
      services = everyService;
      runsVirtualMachines = true;
      ramdisk = ramdiskSize [
        300
        400
      ];
    };
  };

  # What ../build-images.sh reads: FILE, then least and most that is accepted, then least and
  # most that is usual, in bytes.
  expectedSizes =
    { profile, kernelFile }:
    builtins.concatStringsSep "\n" [
      (sizeLine kernelFile kernelSize)
      (sizeLine "initrd" profiles.${profile}.ramdisk)
    ]
    + "\n";
}
