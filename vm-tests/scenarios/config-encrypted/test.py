"""An encrypted credential: systemd decrypts it for the unit, and the disk holds no plain copy.

On systemd 254 and later the units import it by themselves; before that a drop-in names it, as the
reference on the delivery of the configuration says.
"""

METRICS = "first-boot-agent-metrics.service"
JOIN = "chainfire-cluster-join.service"
STORE = "/etc/credstore.encrypted/cluster-config"

start_all()
aio01.wait_for_unit("multi-user.target", timeout=60)

with subtest("without a configuration the step is blocked"):
    aio01.wait_until_succeeds(f"systemctl show -p StatusText {JOIN} | grep blocked", timeout=60)

with subtest("encrypted with the host's key"):
    aio01.succeed(
        "mkdir -p --mode=0700 /etc/credstore.encrypted",
        f"systemd-creds encrypt --with-key=host --name=cluster-config /root/plain.json {STORE}",
        "rm /root/plain.json",
    )
    aio01.fail(f"grep aio01 {STORE}")
    version = int(aio01.succeed("systemctl --version").split()[1])
    for unit in (JOIN, METRICS) if version < 254 else ():
        drop_in = "[Service]\\nLoadCredential=\\nLoadCredentialEncrypted=cluster-config\\n"
        aio01.succeed(
            f"mkdir -p /etc/systemd/system/{unit}.d",
            f"printf '{drop_in}' >/etc/systemd/system/{unit}.d/encrypted.conf",
            "systemctl daemon-reload",
        )

with subtest("the unit reads it, and joins by it"):
    aio01.succeed(f"systemctl restart {JOIN}", timeout=60)
    printed = aio01.succeed(f"journalctl -u {JOIN}")
    t.assertIn("Configuration loaded from credential cluster-config", printed)
    aio01.succeed("test -e /var/lib/first-boot-automation/.chainfire-initialized")

with subtest("so does the unit of the metrics"):
    exporter = "/var/lib/prometheus/node-exporter"
    aio01.succeed(f"mkdir -p {exporter}", f"systemctl start {METRICS}", timeout=60)
    aio01.succeed(f"grep 'state=\"done\"}} 1' {exporter}/first-boot-agent.prom")
