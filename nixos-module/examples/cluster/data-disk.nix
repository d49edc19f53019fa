# chainfire and flaredb on the data disk of a node, and the agent told so: `reset` moves what
# it is told, and nothing else.
{
  services = {
    chainfire.dataDir = "/data/chainfire";
    flaredb.dataDir = "/data/flaredb";
    first-boot-automation.settings.services = {
      chainfire.data_dir = "/data/chainfire";
      flaredb.data_dir = "/data/flaredb";
    };
  };
}
