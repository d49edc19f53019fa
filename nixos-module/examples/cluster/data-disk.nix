# chainfire and flaredb on the data disk of a node. The agent's configuration follows: `reset`
# moves what it is told, and nothing else.
{
  services = {
    chainfire.dataDir = "/data/chainfire";
    flaredb.dataDir = "/data/flaredb";
  };
}
