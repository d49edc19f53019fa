# The modules of the netboot images, evaluated with nixpkgs' lib and stubs of NixOS.
{ lib }:
let
  images = import ../../lib/images.nix;
  tools = lib.concatLists (lib.attrValues images.tools);
  evaluate = import ../stubs/nixos.nix {
    inherit lib;
    modulesPath = ../stubs/netboot;
    packages =
      package:
      lib.genAttrs (tools ++ images.virtualMachineTools) package
      // {
        linuxPackages_latest = "the latest kernel";
        linux-firmware = package "linux-firmware";
        linkFarm = name: entries: package name // { inherit entries; };
        writeText = name: text: text;
      };
  };
  profile = name: more: evaluate ([ (../../images + "/${name}.nix") ] ++ more);
  everyProfile = f: lib.genAttrs (lib.attrNames images.profiles) (name: f (profile name [ ]));
  names = map (package: package.pname);
in
{
  anInstallerForNixosAnywhere = {
    expr = everyProfile (config: config.system.nixos.variant_id);
    expected = lib.genAttrs (lib.attrNames images.profiles) (_: "installer");
  };

  rootByKeyOnly = {
    expr = (profile "worker" [ ]).services.openssh;
    expected = {
      enable = true;
      settings = {
        PermitRootLogin = "prohibit-password";
        PasswordAuthentication = false;
        KbdInteractiveAuthentication = false;
      };
    };
  };

  # Anyone with the serial line over the LAN would be root.
  nobodyIsLoggedInOnAConsole = {
    expr =
      map
        (
          more:
          let
            config = profile "worker" more;
          in
          [
            config.services.getty.autologinUser
            config.users.users.root.initialHashedPassword
            config.users.users.nixos.initialHashedPassword
          ]
        )
        [
          [ ]
          [ { services.first-boot-automation.installerConsoleLogin = true; } ]
        ];
    expected = [
      [
        null
        null
        null
      ]
      [
        "nixos"
        ""
        ""
      ]
    ];
  };

  # A secret of an image would come from the store, and be served to every client.
  noConfigurationInAnImage = {
    expr =
      (profile "worker" [
        { services.first-boot-automation.initrd.configFile = "/etc/nixos/secrets/cluster-config.json"; }
      ]).boot.initrd.secrets;
    expectedError = "initrd.configFile: a netboot image has no boot loader";
  };

  nicsHaveTheirFirmware = {
    expr = everyProfile (
      config:
      map (
        firmware: builtins.match ".*bnx2x cxgb4 intel/ice .*tigon\n" firmware.script != null
      ) config.hardware.firmware
    );
    expected = lib.genAttrs (lib.attrNames images.profiles) (_: [ true ]);
  };

  oneQemu = {
    expr = (profile "worker" [ ]).virtualisation.libvirtd.qemu.package.pname;
    expected = "qemu_kvm";
  };

  theStateIsOfTheImagesRelease = {
    expr = (profile "worker" [ ]).system.stateVersion;
    expected = lib.trivial.release;
  };

  # An image by itself fetches nothing; one with a CA follows the PXE server.
  anAuthorityIsAllThatAnImageNeeds = {
    expr =
      map
        (
          more:
          let
            inherit ((profile "worker" more).boot) initrd;
          in
          [
            initrd.network.enable
            (lib.elem "igb" initrd.availableKernelModules)
          ]
        )
        [
          [ ]
          [ { services.first-boot-automation.initrd.caFile = ../../package.nix; } ]
        ];
    expected = [
      [
        false
        false
      ]
      [
        true
        true
      ]
    ];
  };

  noManualsAndNoSources = {
    expr =
      let
        config = profile "control-plane" [ ];
      in
      [
        config.documentation.enable
        config.documentation.nixos.enable
        config.system.extraDependencies
        config.system.installer.channel.enable
      ];
    expected = [
      false
      false
      [ ]
      false
    ];
  };

  allServicesThereAndOff = {
    expr = everyProfile (
      config:
      [ (lib.attrNames config.systemd.services) ]
      ++ map (service: config.services.${service}.enable) images.profiles.worker.services
    );
    expected = lib.genAttrs (lib.attrNames images.profiles) (_: [
      [ ]
      false
      false
    ]);
  };

  turnedOnItIsLimited = {
    expr = {
      inherit
        ((profile "control-plane" [ { services.chainfire.enable = true; } ])
          .systemd.services.chainfire.serviceConfig
        )
        MemoryMax
        CPUQuota
        ;
    };
    expected = {
      MemoryMax = "512M";
      CPUQuota = "50%";
    };
  };

  aLimitOfOnesOwn = {
    expr =
      (profile "all-in-one" [
        {
          services.chainfire.enable = true;
          systemd.services.chainfire.serviceConfig.MemoryMax = "2G";
        }
      ]).systemd.services.chainfire.serviceConfig.MemoryMax;
    expected = "2G";
  };

  virtualMachinesWhereTheyRun = {
    expr = everyProfile (config: {
      kvm = lib.elem "vhost_net" (config.boot.kernelModules or [ ]);
      switch = config.virtualisation.vswitch.enable or false;
      qemu = lib.elem "qemu_kvm" (names config.environment.systemPackages);
      forwards = config.boot.kernel.sysctl."net.ipv4.ip_forward" or 0;
    });
    expected = lib.mapAttrs (
      _: profile:
      let
        runs = profile.runsVirtualMachines;
      in
      {
        kvm = runs;
        switch = runs;
        qemu = runs;
        forwards = if runs then 1 else 0;
      }
    ) images.profiles;
  };

  toolsAndTheAgent = {
    expr =
      let
        here = names (profile "control-plane" [ ]).environment.systemPackages;
      in
      lib.subtractLists here (tools ++ [ "first-boot-agent" ]);
    expected = [ ];
  };

  theAgentInTheInitrdToo = {
    expr = lib.attrNames (profile "worker" [ ]).boot.initrd.systemd.services;
    expected = [ "first-boot-initrd" ];
  };

  kernelParameters = {
    expr = (profile "worker" [ ]).boot.kernelParams;
    expected = images.kernelParameters { isAarch64 = false; };
  };

  oneTreeForThePxeServer = {
    expr = (profile "worker" [ ]).system.build.netbootTree.entries;
    expected =
      let
        store = "/nix/store/00000000000000000000000000000000";
      in
      {
        bzImage = "${store}-kernel/bzImage";
        initrd = "${store}-ramdisk/initrd";
        "netboot.ipxe" = "${store}-script/netboot.ipxe";
        expected-sizes = images.expectedSizes {
          profile = "worker";
          kernelFile = "bzImage";
        };
      };
  };

  diskoLeavesTheInstallerAlone = {
    expr =
      (profile "worker" [
        {
          options.disko.enableConfig = lib.mkOption {
            type = lib.types.bool;
            default = true;
          };
        }
      ]).disko.enableConfig;
    expected = false;
  };
}
