"""The units' sandbox, measured from inside on real nodes, and a join that lives in it.

The control runs the same program without the sandbox, so a try that cannot fail is noticed.
"""

JOIN = "chainfire-cluster-join.service"
UNITS = [
    JOIN,
    "flaredb-cluster-join.service",
    "iam-initial-setup.service",
    "cluster-health-check.service",
]
STATE = "/var/lib/first-boot-automation"
EXPOSURE = "systemd-analyze security --no-pager --threshold=20"
MARKER = f"{STATE}/.chainfire-initialized"
TRIES = "/usr/local/lib/tries"
#: Without the sandbox these are not refused, so that EPERM within it is the filter's doing.
FREE_OUTSIDE = (
    *("ptrace", "setuid", "mlock", "shmget", "process_vm_readv", "unshare"),
    *("chroot", "mount", "reboot", "writable_code", "personality", "setns", "netlink_change"),
)
#: Where a refusal is not the filter's: families have their own error, and from systemd 254 on
#: the kernel itself keeps memory from being both written and run.
REFUSALS = {
    "socket_packet": ("EAFNOSUPPORT",),
    "writable_code": ("EPERM", "EACCES"),
}
#: SystemdUnreachable.
UNREACHABLE = "e500bddf37b043078f0f4c3c2052e52b"
#: SandboxUnfiltered.
UNFILTERED = "818f1fc3ba5e40a792f0616bd3bef41b"
HARMLESS = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "stdin"}

PROGRAM = r"""#!/usr/bin/perl
# Tries what a unit of the agent must not be able to do, and prints what came of each:
# `call NAME ERROR`, `write PLACE` where it could, `device NAME`, `process PID` it sees,
# `address IP` that the kernel lists.
use strict;
use warnings;
use Errno;

# The kernel's word on the addresses is asked for by netlink, which can change the network as
# well; before this process asks to be traced.
my $said = `ip link set dev lo alias try 2>&1`;
my $refused = $said =~ /RTNETLINK.*not permitted/;
print "call netlink_change ", ($refused ? "EPERM" : $said || "done"), "\n";
print "address $_\n" for `ip -oneline address` =~ /inet6? ([^ \/]+)/g;

my $column = `uname -m` =~ /^aarch64/ ? 1 : 0;
my $pid = $$;
# Name, number on x86_64 and on aarch64, arguments. None of them does harm where it is allowed.
my @calls = (
    [ptrace => 101, 117, 0, 0, 0, 0],
    [setuid => 105, 146, 0],
    [mlock => 149, 228, 0, 0],
    [shmget => 29, 194, 0, 4096, 0600],
    [io_uring_setup => 425, 425, 0, 0],
    [process_vm_readv => 310, 270, $pid, 0, 0, 0, 0, 0],
    [unshare => 272, 97, 0x04000000],
    [chroot => 161, 51, 0],
    [mount => 165, 40, 0, 0, 0, 0, 0],
    [reboot => 169, 142, 0, 0, 0, 0],
    [writable_code => 9, 222, 0, 4096, 7, 0x22, -1, 0],
    [personality => 135, 92, 8],
    [setns => 308, 268, -1, 0],
    [clock_settime => 227, 112, 0, 0],
    [keyctl => 250, 219, 0, -3, 0],
    [bpf => 321, 280, 0, 0, 0],
    [perf_event_open => 298, 241, 0, 0, -1, -1, 0],
    [init_module => 175, 105, 0, 0, 0],
    [socket_packet => 41, 198, 17, 3, 0],
);
for (@calls) {
    my ($name, @words) = @$_;
    my $number = (splice @words, 0, 2)[$column];
    $! = 0;
    my $answer = syscall($number, @words);
    my ($error) = $answer == -1 ? grep { $!{$_} } sort keys %! : ("done");
    print "call $name $error\n";
}
my @places = qw(/ /boot /dev /dev/mqueue /dev/shm /etc /etc/nixos/secrets /home /mnt /opt);
push @places, qw(/proc /root /run /run/lock /srv /sys /tmp /usr /usr/bin /var /var/lib /var/log);
push @places, qw(/var/tmp);
push @places, qw(/sys/fs/cgroup /var/lib/chainfire /var/lib/first-boot-automation);
if (open my $mounts, "<", "/proc/self/mountinfo") {
    push @places, map { (split)[4] } <$mounts>;
}
my %seen;
for my $place (grep { -d && !$seen{$_}++ } @places) {
    open(my $file, ">", "$place/.try-$pid") or next;
    unlink "$place/.try-$pid";
    print "write $place\n";
}
for my $place (qw(/etc/passwd /proc/sys/kernel/hostname /proc/sysrq-trigger /dev/kmsg)) {
    open(my $file, ">>", $place) and print "write $place\n";
}
for my $name (map { s{^/dev/}{}r } grep { -b || -c } glob "/dev/*") {
    print "device $name\n";
}
for my $other (map { s{^/proc/}{}r } glob "/proc/[0-9]*") {
    print "process $other\n" if $other != $pid;
}
"""


def sorted_out(said):
    """What the program printed, by its first word."""
    found = {"call": {}, "write": set(), "device": set(), "process": set(), "address": set()}
    for line in said.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "call":
            name, _, error = rest.partition(" ")
            found["call"][name] = error
        elif kind in found:
            found[kind].add(rest)
    return found


def wait_in_the_sandbox():
    """Have the join unit wait for a stopped chainfire; returns its PID."""
    aio01.succeed(f"systemctl stop {JOIN} chainfire.service", f"rm {MARKER}")
    aio01.succeed(f"systemctl start --no-block {JOIN}")
    aio01.wait_until_succeeds(
        f"systemctl show --property=StatusText {JOIN} | grep 'chainfire.service to become active'",
        timeout=30,
    )
    return aio01.get_unit_property(JOIN, "MainPID")


def is_acted_on():
    aio01.succeed("systemctl start chainfire.service")
    aio01.wait_for_unit(JOIN, timeout=30)
    aio01.succeed(f"test -s {MARKER}")


start_all()
aio01.succeed(f"cat > {TRIES} <<'EOT'\n{PROGRAM}EOT\nchmod 755 {TRIES}")
aio01.wait_for_unit(JOIN, timeout=60)

with subtest("each unit's exposure is at most 2.0, by this node's systemd"):
    for unit in UNITS:
        log.info(aio01.succeed(f"{EXPOSURE} {unit} | tail -n 1").strip())
    # Units that ask for no sandbox are distinguished.
    aio01.fail(f"{EXPOSURE} chainfire.service")

with subtest("the agent has no capability, no way to one, a filter, and leaves no core"):
    agent = wait_in_the_sandbox()
    status = aio01.succeed(f"cat /proc/{agent}/status")
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t" + "0" * 16, "CapBnd:\t" + "0" * 16):
        t.assertIn(line, status)
    limits = aio01.succeed(f"grep 'Max core file size' /proc/{agent}/limits").split()
    t.assertEqual(limits[4:6], ["0", "0"])

with subtest("in its mounts even a root with all capabilities writes only the state directory"):
    inside = sorted_out(aio01.succeed(f"nsenter --target {agent} --mount {TRIES}"))
    log.info(f"writable: {sorted(inside['write'])}, devices: {sorted(inside['device'])}")
    t.assertEqual(inside["write"] - {STATE}, set())
    t.assertEqual(inside["device"] - HARMLESS, set())

with subtest("and what it waits for still reaches it"):
    is_acted_on()

with subtest("the same program is stopped by nothing outside"):
    t.assertIn("Seccomp:\t0", aio01.succeed("cat /proc/self/status"))
    outside = sorted_out(aio01.succeed(TRIES))
    log.info(f"outside: {outside['call']}")
    for name in FREE_OUTSIDE:
        t.assertNotEqual(outside["call"][name], "EPERM", name)
    for place in ("/etc", "/usr", "/var", "/run", "/home", "/tmp", "/dev/shm", STATE):
        t.assertIn(place, outside["write"])
    t.assertIn("1", outside["process"])

for unit in UNITS:
    with subtest(f"in the sandbox of {unit} every try is refused"):
        drop_ins = f"/run/systemd/system/{unit}.d"
        aio01.succeed(
            f"mkdir -p {drop_ins}",
            "printf '[Unit]\\nConditionPathExists=\\n[Service]\\nExecStart=\\nExecStart=%s\\n"
            f"SyslogIdentifier=tries-%s\\n' {TRIES} {unit} > {drop_ins}/99-tries.conf",
            "systemctl daemon-reload",
            f"systemctl restart {unit}",
            "journalctl --sync",
        )
        inside = sorted_out(aio01.succeed(f"journalctl --output=cat -t tries-{unit}"))
        log.info(f"{unit}: {inside}")
        t.assertEqual(set(inside["call"]), set(outside["call"]))
        for name, error in inside["call"].items():
            t.assertIn(error, REFUSALS.get(name, ("EPERM",)), name)
        t.assertEqual(inside["write"], {STATE})
        t.assertEqual(inside["device"] - HARMLESS, set())
        t.assertEqual(inside["process"], set())
        t.assertEqual(inside["address"], outside["address"])
        aio01.succeed(f"rm -r {drop_ins}", f"systemctl stop {unit}")
aio01.succeed("systemctl daemon-reload", f"systemctl start {JOIN}")

with subtest("where systemd finds no libseccomp the agent goes on, and says it once in each run"):
    said = f"journalctl --quiet --output=cat _SYSTEMD_UNIT={UNITS[3]} MESSAGE_ID={UNFILTERED}"
    t.assertEqual(aio01.succeed(said), "")
    # Earlier versions are linked with it, and would not start without.
    if int(aio01.succeed("systemctl --version").split()[1]) >= 259:
        aio01.succeed(
            "mkdir /root/hidden && mv /usr/lib/*/libseccomp.so.2* /root/hidden",
            f"systemctl restart {UNITS[3]}",
        )
        t.assertEqual(len(aio01.succeed(said).splitlines()), 1)
        aio01.succeed(
            "mv /root/hidden/* $(dirname /usr/lib/*/libc.so.6)", f"systemctl restart {UNITS[3]}"
        )
        t.assertEqual(len(aio01.succeed(said).splitlines()), 1)

with subtest("the private socket of PID 1 is reached from the sandbox as well"):
    aio01.succeed("systemctl stop dbus.socket dbus.service")
    wait_in_the_sandbox()
    is_acted_on()
    aio01.fail(f"journalctl --quiet -u {JOIN} MESSAGE_ID={UNREACHABLE} | grep .")

with subtest("a node with a read-only root joins, and keeps its marker"):
    node04.wait_for_unit(JOIN, timeout=60)
    node04.fail("touch /etc/try", "touch /var/try", "touch /var/lib/try", "touch /usr/try")
    node04.succeed(f"grep --line-regexp node_id=node04 {STATE}/.chainfire-joined")
    node04.succeed("first-boot-agent health-check", f"test -s {STATE}/.chainfire-joined")
