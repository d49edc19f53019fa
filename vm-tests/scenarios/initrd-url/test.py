"""A configuration by URL, from a real TLS server: the store of a member serves it (row N3).

node04's cable is out for its first seconds, and its file appears later still; node05's digest is
wrong, which leaves it with its installed file.
"""

import json

ASK = "curl --silent --show-error --fail --cacert /etc/nixos/secrets/ca.crt"
STORE = "https://node01.prod.example.com:2379/v1/kv"
JOIN = "chainfire-cluster-join.service"
BOOT, PATIENT = 240, 120


def config_of(name, address):
    return json.dumps({
        "node_id": name, "bootstrap": False, "cluster_name": "prod-cluster",
        "leader_url": "https://node01.prod.example.com:2379", "raft_addr": f"{address}:2380",
        "services": {"flaredb": {"enable": False}, "iam": {"enable": False}},
    })  # fmt: skip


def serve(key, text):
    node01.succeed(f"{ASK} -X PUT --data '{text}' {STORE}/{key}")


def source(node):
    return json.loads(node.succeed("cat /run/first-boot-agent/boot.json"))["config"]["source"]


node01.start()
node01.wait_for_unit(JOIN, timeout=60)
serve("11111111-2222-3333-4444-555555555555", config_of("node05", "10.0.1.14"))
node04.block()
node04.start()
node05.start()

with subtest("a link that is down is waited for"):
    node04.wait_for_console_text(f"Cannot fetch {STORE}/", timeout=BOOT)
    node04.unblock()

with subtest("and so is a file that is not there yet"):
    node04.wait_for_console_text("HTTP 404", timeout=PATIENT)
    serve("52-54-00-00-00-02", config_of("node04", "10.0.1.13"))
    node04.wait_for_unit(JOIN, timeout=BOOT)
    t.assertTrue(source(node04).endswith("/v1/kv/52-54-00-00-00-02"), source(node04))

with subtest("another digest is refused, and the installed file serves"):
    node05.wait_for_unit(JOIN, timeout=BOOT)
    t.assertIn("/sysroot/etc/nixos/secrets/cluster-config.json", source(node05))
    node05.fail("test -e /run/first-boot-agent/cluster-config.json")
    told = node05.succeed("journalctl --boot -u first-boot-initrd.service")
    t.assertIn("first_boot.config_sha256 says sha256:" + "0" * 64, told)
    t.assertIn("/v1/kv/11111111-2222-3333-4444-555555555555", told)

with subtest("all are members"):
    told = node01.succeed(f"{ASK} https://localhost:2379/admin/cluster/members")
    voters = [m["id"] for m in json.loads(told)["members"] if m["role"] == "voter"]
    t.assertEqual(sorted(voters), ["node01", "node04", "node05"])
