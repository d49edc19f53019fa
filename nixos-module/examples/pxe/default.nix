# All examples by name, as what they set; the tests render each of them.
builtins.mapAttrs (name: path: (import path).services.pxe-boot-server) {
  single-subnet = ./single-subnet.nix;
  by-mac = ./by-mac.nix;
  custom-dhcp = ./custom-dhcp.nix;
  multi-homed = ./multi-homed.nix;
  failover = ./failover.nix;
  https = ./https.nix;
  development = ./development.nix;
  production = ./production.nix;
}
