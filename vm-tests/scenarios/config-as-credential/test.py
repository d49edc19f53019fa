"""A credential takes precedence over the file, for the units and for what an operator types."""

import json

JOIN = "chainfire-cluster-join.service"
CHECK = "cluster-health-check.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"
#: Where systemd looks, the last one first; it does so since version 252, whatever the setting.
STORES = ("/usr/lib/credstore", "/usr/local/lib/credstore", "/run/credstore", "/etc/credstore")
#: ConfigurationLoaded.
LOADED = "62f746b484e64ceb95bd447e7184d454"

aio01.start()

with subtest("the unit uses the credential"):
    aio01.wait_for_unit(JOIN, timeout=60)
    aio01.succeed(f"grep --line-regexp node_id=aio01 {MARKER}")
    said = aio01.succeed(f"journalctl -u {JOIN}")
    t.assertIn("Configuration loaded from credential cluster-config", said)

with subtest("and so do status and config show"):
    aio01.succeed("first-boot-agent status --wait | grep '^aio01 '", timeout=30)
    aio01.succeed("first-boot-agent config show | grep 'credential cluster-config'")

with subtest("the units and commands by hand take it from the same store"):
    given = json.loads(aio01.succeed("cat /etc/credstore/cluster-config"))
    aio01.succeed("rm /etc/credstore/cluster-config", f"systemctl stop {CHECK}")
    for name, store in enumerate(STORES):
        text = json.dumps(given | {"cluster_name": f"from-{name}"})
        aio01.succeed(
            f"mkdir -p --mode=0700 {store}",
            f"umask 077; cat >{store}/cluster-config <<'EOT'\n{text}\nEOT",
            f"systemctl start {CHECK}",
        )
        aio01.succeed(f"first-boot-agent config show | grep --word-regexp from-{name}")
        said = f"journalctl --boot --output=json _SYSTEMD_UNIT={CHECK} MESSAGE_ID={LOADED}"
        last = json.loads(aio01.succeed(said).splitlines()[-1])
        t.assertEqual(last["CLUSTER_NAME"], f"from-{name}")
