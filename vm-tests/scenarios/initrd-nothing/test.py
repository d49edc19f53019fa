"""Nothing usable: said on the console in the first seconds, and the boot goes on, unless it must not (row N5)."""

STAGE = "first-boot-initrd.service"
BOOT = 240

start_all()

with subtest("the console names both files and what is wrong with them, before the root is switched"):
    node01.wait_for_console_text("Configuration refused: /etc/nixos/secrets/cluster-config.json", timeout=BOOT)
    node01.wait_for_console_text("Configuration refused: /sysroot/etc/nixos/secrets/", timeout=BOOT)
    node01.wait_for_console_text("No cluster configuration for a first boot from disk", timeout=BOOT)

with subtest("the boot goes on, and the failure is seen in the initrd's unit"):
    node01.wait_for_unit("multi-user.target", timeout=BOOT)
    told = node01.succeed(f"journalctl --boot -u {STAGE}")
    t.assertIn("initial_peers", told)
    t.assertIn("status=1/FAILURE", told)

with subtest("what is required and missing stops the boot where somebody can take over"):
    node02.wait_for_console_text("The boot stops here, as required", timeout=BOOT)
    node02.wait_for_console_text("emergency", timeout=BOOT)
    t.assertNotIn("Switch Root", node02.get_console_log())
