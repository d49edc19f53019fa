"""A credential wins over the file, for the units and for what an operator types."""

JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-initialized"

aio01.start()

with subtest("the unit goes by the credential"):
    aio01.wait_for_unit(JOIN, timeout=60)
    aio01.succeed(f"grep --line-regexp node_id=aio01 {MARKER}")
    said = aio01.succeed(f"journalctl -u {JOIN}")
    t.assertIn("Configuration loaded from credential cluster-config", said)

with subtest("and so do status and config show"):
    aio01.succeed("first-boot-agent status --wait | grep '^aio01 '", timeout=30)
    aio01.succeed("first-boot-agent config show | grep 'credential cluster-config'")
