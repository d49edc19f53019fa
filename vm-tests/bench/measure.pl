#!/usr/bin/perl
# Runs a program and prints what it cost: times, CPU and the largest resident set of
# its whole process tree, as wait4(2) reports them. perl, because every Debian root file
# system has it, and because a process forked off a small parent starts out small:
# ru_maxrss counts what a process held before its exec as well.
#
#   measure.pl TIMES COMMAND…
use strict;
use warnings;
use POSIX ();

my %numbers = (
    x86_64  => { wait4 => 61,  clock_gettime => 228 },
    aarch64 => { wait4 => 260, clock_gettime => 113 },
);
my $machine = (POSIX::uname())[4];
my $number = $numbers{$machine} or die "no system call numbers for $machine\n";
my ($times, @command) = @ARGV;
$| = 1;

sub monotonic_ns {
    my $time = pack 'qq', 0, 0;
    syscall($number->{clock_gettime}, 1, $time) == 0 or die "clock_gettime: $!\n";
    my ($seconds, $nanoseconds) = unpack 'qq', $time;
    return $seconds * 1_000_000_000 + $nanoseconds;
}

my $last = 0;
for (1 .. $times) {
    my $status = pack 'i', 0;
    my $usage = pack 'q18', (0) x 18;
    my $began = monotonic_ns();
    print "began $began\n";
    my $child = fork // die "fork: $!\n";
    if ($child == 0) {
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    syscall($number->{wait4}, $child, $status, 0, $usage) == $child or die "wait4: $!\n";
    my $wall = monotonic_ns() - $began;
    my ($user_s, $user_us, $system_s, $system_us, $max_rss) = unpack 'q5', $usage;
    my $cpu = ($user_s + $system_s) * 1_000_000 + $user_us + $system_us;
    $last = unpack('i', $status) >> 8;
    print "ended exit=$last wall_ns=$wall cpu_us=$cpu max_rss_kib=$max_rss\n";
}
exit $last;
