"""Nothing usable: reported on the console at once; the boot goes on, unless it must not (row N5).

What is installed on node01 would bootstrap a cluster, and what is in its initrd, and is broken,
may have said to join one (row M11). A unit of its initrd installs it after the mount of the root
file system: what is done before initrd-root-fs.target belongs to the root.
node02's boot loader has brought a credential that was encrypted for another machine.
"""

STAGE = "first-boot-initrd.service"
JOIN = "chainfire-cluster-join.service"
CONFIG = "/etc/nixos/secrets/cluster-config.json"
REFUSED = "Configuration refused: "
BOOT = 240


def console(node, text):
    """Wait until the console says so."""
    node.wait_for_console_text(text, timeout=BOOT)


start_all()

with subtest("the console names both files and why they are not taken"):
    console(node01, f"{REFUSED}{CONFIG}")
    console(node01, f"{REFUSED}/sysroot{CONFIG}")
    console(node01, "No cluster configuration for a first boot from disk")

with subtest("the boot goes on, and the failure is seen in the initrd's unit"):
    console(node01, r"FAILED.*Failed to start .*first-boot")
    node01.wait_for_unit("multi-user.target", timeout=BOOT)
    printed = node01.succeed(f"journalctl --boot -u {STAGE}")
    t.assertIn("initial_peers", printed)
    t.assertIn("status=1/FAILURE", printed)

with subtest("the units know of it, and do not bootstrap either"):
    node01.wait_until_succeeds(f"systemctl show {JOIN} | grep ^ExecMainStatus=78", timeout=60)
    for printed in (
        node01.succeed(f"journalctl --boot --output=cat -u {JOIN}"),
        node01.fail("first-boot-agent plan 2>&1"),
        node01.fail("first-boot-agent status 2>&1"),
    ):
        t.assertIn("would bootstrap a cluster", printed)
        t.assertIn("initial_peers", printed)

with subtest("one that joins is taken all the same"):
    node01.succeed(
        "umask 077; jq '.bootstrap = false | .leader_url = \"https://node02:2379\"'"
        f" {CONFIG} >/tmp/joining && mv /tmp/joining {CONFIG}"
    )
    node01.succeed("first-boot-agent config validate")

version = int(node01.succeed("systemctl --version").split()[1])
if 254 <= version < 259:
    with subtest("systemd does not start the stage where a credential cannot be decrypted"):
        console(node02, r"FAILED.*Failed to start .*first-boot")
else:
    with subtest("a credential that the boot loader has brought, and systemd could not decrypt"):
        console(node02, f"{REFUSED}encrypted credential cluster-config ")
    with subtest("what is required and missing stops the boot where somebody can take over"):
        console(node02, "The boot stops here, as required")
        console(node02, "Reached target.* emergency.target")
        t.assertNotIn("Switch Root", node02.get_console_log())
