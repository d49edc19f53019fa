"""The Debian package: installed, used, upgraded, removed and purged."""

MARKERS = "/var/lib/first-boot-automation"
UNITS = "/usr/lib/systemd/system"
NAMES = ("*cluster-join*", "first-boot-*", "iam-initial-*", "cluster-health-*")
#: The tests' own drop-in hides nspawn, and belongs to no package.
OURS = (
    f"find {UNITS} /etc/systemd/system ! -type d ! -name 90-nspawn.conf \\( -path '*.service.d/*'"
    f" {' '.join(f'-o -name {name!r}' for name in NAMES)} \\) | sort"
)
LINKS = f"find {UNITS} -mindepth 2 -lname '/usr/lib/first-boot-agent/*'"
CATALOG = "journalctl --dump-catalog | grep --count 'Defined-By: first-boot-agent'"
STEPS = (
    "chainfire-cluster-join",
    "flaredb-cluster-join",
    "iam-initial-setup",
    "cluster-health-check",
)


def package(revision):
    return aio01.succeed(f"ls /root/packages/*-{revision}_*.deb").strip()


def runs():
    return aio01.succeed(f"systemctl show --value --property=InvocationID {' '.join(STEPS)}")


def active():
    shown = "systemctl list-units --plain --no-legend --state=active"
    return aio01.succeed(f"{shown} {' '.join(repr(name) for name in NAMES)}")


aio01.start()
# What the root file system of the tests leaves out is to be seen here.
aio01.succeed("rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap")
systemd = int(aio01.succeed("systemctl --version").split()[1])
before = aio01.succeed(OURS)

with subtest("installed: the units are there, none is enabled, nothing runs"):
    aio01.fail("command -v first-boot-agent")
    aio01.succeed(f"dpkg --install {package(1)}", timeout=60)
    t.assertRegex(aio01.succeed("first-boot-agent --version"), r"^first-boot-agent \d+\.\d+\.\d+")
    aio01.succeed("first-boot-topology --version")
    for unit in (*STEPS, "cluster-join@etcd"):
        shown = "systemctl show --property=LoadState,ActiveState,UnitFileState"
        state = aio01.succeed(f"{shown} {unit}")
        t.assertIn("LoadState=loaded", state)
        t.assertIn("ActiveState=inactive", state)
        t.assertNotIn("UnitFileState=enabled", state)
    shown = "systemctl list-unit-files --plain --no-legend --state=enabled"
    # It fails where it has nothing to list.
    aio01.fail(f"{shown} {' '.join(repr(name) for name in NAMES)}")
    aio01.succeed(CATALOG)
    doc = "/usr/share/doc/first-boot-agent"
    for path in (
        f"{doc}/copyright",
        f"{doc}/changelog.Debian.gz",
        f"{doc}/THIRD-PARTY-NOTICES.gz",
        f"{doc}/examples/bootstrap.json",
        "/usr/share/man/man1/first-boot-agent.1.gz",
        "/usr/share/bash-completion/completions/first-boot-agent",
        "/usr/share/zsh/vendor-completions/_first-boot-agent",
        "/usr/share/fish/vendor_completions.d/first-boot-agent.fish",
    ):
        aio01.succeed(f"test -s {path}")
    aio01.succeed(f"first-boot-agent config validate {doc}/examples/bootstrap.json")

with subtest("what later systemd alone knows is there for it, and comes with its upgrade"):
    linked = aio01.succeed(LINKS)
    shipped = aio01.succeed("find /usr/lib/first-boot-agent/systemd-254 -name '*.conf'")
    t.assertTrue(shipped)
    t.assertEqual(linked.count("\n"), shipped.count("\n") if systemd >= 254 else 0)
    aio01.succeed(f"{LINKS} -delete")
    path = aio01.succeed("dpkg --listfiles systemd | grep '/lib/systemd/systemd$'").strip()
    aio01.succeed(f"dpkg-trigger --by-package=systemd --no-await {path}")
    aio01.succeed("dpkg --triggers-only --pending", timeout=60)
    t.assertEqual(sorted(linked.split()), sorted(aio01.succeed(LINKS).split()))

with subtest("a cluster of one, from the package alone"):
    aio01.succeed(f"systemctl enable {' '.join(STEPS)}")
    aio01.succeed(f"systemctl start --no-block {' '.join(STEPS)}")
    aio01.succeed("first-boot-agent status --wait", timeout=120)
    t.assertIn("All done", aio01.succeed("first-boot-agent status"))

with subtest("an upgrade restarts nothing and loses nothing"):
    aio01.succeed("systemctl enable --now first-boot-agent-metrics.timer")
    markers = aio01.succeed(f"cat {MARKERS}/.*-initialized")
    before_it = runs()
    aio01.succeed(f"dpkg --install {package(2)}", timeout=60)
    t.assertIn("-2", aio01.succeed("dpkg-query --show first-boot-agent"))
    t.assertEqual(before_it, runs())
    t.assertEqual(markers, aio01.succeed(f"cat {MARKERS}/.*-initialized"))
    aio01.succeed("systemctl is-active first-boot-agent-metrics.timer")
    t.assertNotIn("NeedDaemonReload=yes", aio01.succeed("systemctl show chainfire-cluster-join"))
    aio01.succeed("first-boot-agent status --wait", timeout=120)

with subtest("removed: nothing of it runs, and the cluster does not notice"):
    aio01.succeed("dpkg --remove first-boot-agent", timeout=60)
    aio01.fail("command -v first-boot-agent")
    t.assertEqual("", aio01.succeed(f"find {UNITS} -name '*cluster-join*' -type f"))
    t.assertEqual("", active())
    aio01.succeed("systemctl is-active chainfire.service flaredb.service iam.service")

with subtest("installed again, the units are enabled as they were"):
    aio01.succeed(f"dpkg --install {package(2)}", timeout=60)
    aio01.succeed(f"systemctl is-enabled {' '.join(STEPS)}")
    aio01.succeed("systemctl start first-boot-agent-metrics.timer")

with subtest("purged: markers and configuration stay, no unit does"):
    said = aio01.succeed("dpkg --purge first-boot-agent", timeout=60)
    t.assertIn(f"{MARKERS} is kept", said)
    t.assertEqual(before, aio01.succeed(OURS))
    t.assertEqual(markers, aio01.succeed(f"cat {MARKERS}/.*-initialized"))
    aio01.succeed("test -s /etc/nixos/secrets/cluster-config.json")
    aio01.succeed("test ! -e /usr/lib/first-boot-agent -a ! -e /usr/share/doc/first-boot-agent")
    t.assertEqual("", aio01.succeed("systemctl --failed --plain --no-legend"))
    aio01.fail(CATALOG)
