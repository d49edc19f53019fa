"""Names as an operator finds them: from /etc/hosts alone, else from DNS, however late it is."""

CONFIG = "/etc/nixos/secrets/cluster-config.json"
JOIN = "chainfire-cluster-join.service"
MARKER = "/var/lib/first-boot-automation/.chainfire-joined"

start_all()
node01.wait_for_unit(JOIN, timeout=60)
# Blocked for want of a configuration: from now on the path unit watches alone.
node04.wait_until_succeeds(f"systemctl is-failed {JOIN}", timeout=60)

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

    shown = node04.succeed("first-boot-agent status || true")
    t.assertRegex(shown, "✗ DNS .* name node01.prod.example.com: it is not in /etc/hosts")
    node04.succeed(
        "(first-boot-agent status --json || true) | jq --exit-status"
        " '.names[0] | .name == \"node01.prod.example.com\" and .servers == [] and .remedy'"
    )

with subtest("a dead name server is named; a line in the hosts file does without it"):
    node04.succeed("echo 'nameserver 10.0.1.99' >/etc/resolv.conf")
    node04.wait_until_succeeds(
        f"journalctl -u {JOIN} | grep 'no answer from DNS server 10.0.1.99 within 5 s'"
        f" || journalctl -u {JOIN} | grep 'DNS server 10.0.1.99: there is no route to it'",
        timeout=60,
    )
    # One byte is no UTF-8, and there is no IPv6 address.
    node04.succeed(r"printf '# b\374ro\n10.0.1.10 Node01.Prod.Example.com\n' >>/etc/hosts")
    node04.wait_for_unit(JOIN, timeout=60)
    node04.succeed(f"test -s {MARKER}")
    node04.fail("(first-boot-agent status || true) | grep DNS")

with subtest("a name server that appears later is used without a restart by hand"):
    node04.succeed("first-boot-agent reset chainfire", timeout=60)
    node04.succeed("sed -i '/Node01/d' /etc/hosts")
    node04.succeed(
        "systemctl start chainfire.service", f"systemctl restart --no-block {JOIN}", timeout=60
    )
    node04.wait_until_succeeds(f"journalctl -u {JOIN} -n 5 | grep 'name node01'", timeout=60)
    # It is link-local and the second in the file; all else in the file is of no use.
    link = node01.succeed("ip -o route get 10.0.1.13").split(" dev ")[1].split()[0]
    zone = node04.succeed("ip -o route get 10.0.1.10").split(" dev ")[1].split()[0]
    at = node01.succeed(f"ip -o -6 address show dev {link} scope link").split()[3].split("/")[0]
    node01.succeed(
        "systemd-run --unit=names dnsmasq --keep-in-foreground --no-hosts --no-resolv --user=root"
        f" --interface={link} --bind-interfaces"
        " --host-record=node01.prod.example.com,10.0.1.10"
    )
    node04.succeed(
        f"printf 'nameserver 10.0.1.99\nnameserver {at}%%{zone}\nsearch prod..example.com\n"
        "options timeout:0 attempts:0\n' >/etc/resolv.conf"
    )
    node04.wait_for_unit(JOIN, timeout=60)
    node04.succeed(f"test -s {MARKER}")
    node04.fail("getent hosts node01")
