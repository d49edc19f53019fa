"""Names come from DNS where /etc/hosts has none, and late name servers are waited for (row N3)."""

CONFIG = "/etc/nixos/secrets/cluster-config.json"
JOIN = "chainfire-cluster-join.service"

start_all()
node01.wait_for_unit(JOIN, timeout=60)
node04.wait_for_unit("chainfire.service", timeout=60)

with subtest("without name servers the name is the trouble, and it is transient"):
    node04.succeed("sed -i /node01/d /etc/hosts", "rm -f /etc/resolv.conf")
    node04.succeed(
        f"""install --mode=0600 /dev/stdin {CONFIG} <<'EOF'
        {{"node_id": "node04", "leader_url": "https://node01.prod.example.com:2379",
          "raft_addr": "10.0.1.13:2380",
          "services": {{"flaredb": {{"enable": false}}, "iam": {{"enable": false}}}},
          "policies": {{"join": {{"scale": "1s", "max_delay": "1s"}}}}}}
EOF"""
    )
    node04.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep 'name node01.prod.example.com does not resolve'", timeout=30
    )
    node04.succeed(f"journalctl -u {JOIN} | grep 'Join request failed: connection error'")
    node04.fail(f"journalctl -u {JOIN} | grep 'blocked:'")

with subtest("a name server that appears later is used without a restart by hand"):
    node04.succeed("echo 'nameserver 10.0.1.10' >/etc/resolv.conf")
    node01.succeed(
        "systemd-run --unit=names dnsmasq --keep-in-foreground --no-hosts --no-resolv --user=root"
        " --listen-address=10.0.1.10 --bind-interfaces"
        " --host-record=node01.prod.example.com,10.0.1.10"
    )
    node04.wait_for_unit(JOIN, timeout=60)
    node04.succeed("test -s /var/lib/first-boot-automation/.chainfire-joined")
    node04.fail("getent hosts node01")
