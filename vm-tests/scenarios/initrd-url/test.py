"""A configuration by URL, from a real TLS server: the store of a member serves it (row N3).

node04's cable is out for its first seconds, its file appears later still, and at first it is a page
with a password in it, which nobody gets to see (rows F03, F35); node05's digest is wrong, which
leaves it with its installed file.
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
serve("6f0e5b2c-8d41-4c7a-9b63-2f1d8e7a4c05", config_of("node05", "10.0.1.14"))
node04.block()
node04.start()
node05.start()

with subtest("a link that is down is waited for"):
    node04.wait_for_console_text(f"Cannot fetch {STORE}/", timeout=BOOT)
    node04.unblock()

with subtest("and so is a file that is not there yet"):
    node04.wait_for_console_text("HTTP 404: there is no file of this name", timeout=PATIENT)

with subtest("an HTML page is reported as one, and not quoted"):
    serve("52-54-00-00-00-02", "<html>{\"admin_password\": \"hunter2\"}</html>")
    node04.wait_for_console_text("HTTP 200: the server sent a web page", timeout=PATIENT)
    serve("52-54-00-00-00-02", config_of("node04", "10.0.1.13"))
    node04.wait_for_unit(JOIN, timeout=BOOT)
    t.assertTrue(source(node04).endswith("/v1/kv/52-54-00-00-00-02"), source(node04))

with subtest("nothing of it is in console or journal"):
    printed = node04.get_console_log() + node04.succeed("journalctl --boot --output=json")
    t.assertIn("the server sent a web page", printed)
    t.assertNotIn("hunter2", printed)

with subtest("another digest is refused, and the installed file is used"):
    node05.wait_for_unit(JOIN, timeout=BOOT)
    t.assertIn("/sysroot/etc/nixos/secrets/cluster-config.json", source(node05))
    node05.fail("test -e /run/first-boot-agent/cluster-config.json")
    printed = node05.succeed("journalctl --boot -u first-boot-initrd.service")
    t.assertIn("first_boot.config_sha256 says sha256:" + "0" * 64, printed)
    t.assertIn("/v1/kv/6f0e5b2c-8d41-4c7a-9b63-2f1d8e7a4c05", printed)

with subtest("all are members"):
    printed = node01.succeed(f"{ASK} https://localhost:2379/admin/cluster/members")
    voters = [m["id"] for m in json.loads(printed)["members"] if m["role"] == "voter"]
    t.assertEqual(sorted(voters), ["node01", "node04", "node05"])
