# Two sites with a cluster each. The private networks of the sites are not connected, so both
# may start at 10.0.1.10; names of nodes are unique everywhere. Must not hold more than a
# topology.
let
  member = rack: address: {
    role = "control-plane";
    bootstrap = true;
    ip = address;
    inherit rack;
  };
in
{
  nix-nos.clusters = {
    osaka = {
      domain = "osaka.example.com";
      site = "osaka-1";
      network.cluster = "10.0.1.0/24";
      # The one in the best rack is contacted first.
      leader = "osaka02";
      nodes = {
        osaka01 = member "r01" "10.0.1.10";
        osaka02 = member "r02" "10.0.1.11";
        osaka03 = member "r03" "10.0.1.12";
        osaka-vm01 = {
          role = "worker";
          ip = "10.0.1.20";
          rack = "r03";
          services = [
            "chainfire"
            "plasmavmc"
            "prismnet"
          ];
          # Slow machines: their services take minutes to be ready.
          extraConfig.policies.health.limit = "10min";
        };
      };
    };

    tokyo = {
      domain = "tokyo.example.com";
      site = "tokyo-1";
      network.cluster = "10.0.1.0/24";
      nodes = {
        tokyo01 = member "a1" "10.0.1.10";
        tokyo02 = member "a2" "10.0.1.11";
        tokyo03 = member "a3" "10.0.1.12";
      };
    };
  };
}
