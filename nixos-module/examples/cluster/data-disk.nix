# chainfire and flaredb on the data disk of a node. The agent's configuration is derived from
# it: `reset` only moves the directories that are configured.
{
  services = {
    chainfire.dataDir = "/data/chainfire";
    flaredb.dataDir = "/data/flaredb";
  };
}
