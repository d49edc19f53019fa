"""Nothing usable: said on the console at once; the boot goes on, unless it must not (row N5)."""

STAGE = "first-boot-initrd.service"
REFUSED = "Configuration refused: "
BOOT = 240


def console(node, text):
    """Wait until the console says so."""
    node.wait_for_console_text(text, timeout=BOOT)


start_all()

with subtest("the console names both files and what is wrong with them"):
    console(node01, f"{REFUSED}/etc/nixos/secrets/cluster-config.json")
    console(node01, f"{REFUSED}/sysroot/etc/nixos/secrets/cluster-config.json")
    console(node01, "No cluster configuration for a first boot from disk")

with subtest("the boot goes on, and the failure is seen in the initrd's unit"):
    node01.wait_for_unit("multi-user.target", timeout=BOOT)
    told = node01.succeed(f"journalctl --boot -u {STAGE}")
    t.assertIn("initial_peers", told)
    t.assertIn("status=1/FAILURE", told)

with subtest("what is required and missing stops the boot where somebody can take over"):
    console(node02, "The boot stops here, as required")
    console(node02, "Reached target.* emergency.target")
    t.assertNotIn("Switch Root", node02.get_console_log())
