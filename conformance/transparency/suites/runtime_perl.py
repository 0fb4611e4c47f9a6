"""Perl: fork, system, backticks, pipes, signals, IPC::Open3, POSIX"""

import pathlib

PACKAGES = ("perl",)
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
use strict; use warnings; no warnings 'exec';
use Errno; use IPC::Open3; use POSIX qw(:sys_wait_h setsid);
$| = 1;
sub tell_of { my $name = shift; print "$name: ", join(' ', map { $_ // 'undef' } @_), "\n" }
sub child { my ($body) = @_; my $pid = fork // die; return $pid if $pid; $body->(); exit 0 }

my $pid = child(sub { exit 5 });
tell_of('fork', waitpid($pid, 0) == $pid, $? >> 8);
tell_of('wait without a child', wait, $!{ECHILD} ? 'ECHILD' : 0);
tell_of('system', system('exit 4;') >> 8, system('true'), system('no-such-program'), $!{ENOENT} ? 'ENOENT' : 0);
tell_of('system killed', system('kill -9 $$') & 127);
my $out = `echo out; exit 6`; chomp $out;
tell_of('backticks', $out, $? >> 8);
open(my $from, '-|', 'seq 3; exit 7') or die; my @lines = <$from>; chomp @lines; close $from;
tell_of('pipe from', @lines, $? >> 8);
open(my $to, '|-', 'sed "s/^/pipe to: /"; exit 9') or die; print $to "given\n"; close $to;
tell_of('its status', $? >> 8);
my $kid = open(my $forked, '-|') // die;
if (!$kid) { print "from a fork\n"; exit 3 }
$out = <$forked>; chomp $out; close $forked;
tell_of('pipe from a fork', $out, $? >> 8);
$pid = open3(my $in, my $both, undef, 'cat; echo err >&2');
print $in "given\n"; close $in; @lines = <$both>; chomp @lines;
tell_of('open3', @lines, waitpid($pid, 0) == $pid, $?);
$pid = child(sub { sleep 1000 });
tell_of('wait without waiting', waitpid($pid, WNOHANG));
tell_of('kill', kill('TERM', $pid), waitpid($pid, 0) == $pid, $? & 127, kill('TERM', $pid), $!{ESRCH} ? 'ESRCH' : 0);
my %status; $SIG{CHLD} = sub { while ((my $p = waitpid(-1, WNOHANG)) > 0) { $status{$p} = $? >> 8 } };
my @many = map { my $s = $_ % 7; child(sub { exit $s }) } 1 .. 100;
select(undef, undef, undef, 0.01) while keys %status < 100;
my $sum = 0; $sum += $status{$_} for @many; tell_of('many by a handler', $sum);
$SIG{CHLD} = 'IGNORE';
$pid = child(sub { exit 1 });
tell_of('children ignored', waitpid($pid, 0), $?);
$SIG{CHLD} = 'DEFAULT';
my $told = 0; $SIG{USR1} = sub { $told++ }; kill 'USR1', $$; tell_of('signal to itself', $told);
$pid = child(sub { setpgrp; exec 'sleep', '1000' });
select(undef, undef, undef, 0.01) while getpgrp($pid) != $pid;
tell_of('group', kill('-KILL', $pid), waitpid($pid, 0) == $pid, $? & 127);
tell_of('alarm', eval { local $SIG{ALRM} = sub { die "late\n" }; POSIX::pause() if alarm(1) || 1; 1 } // $@ =~ s/\n//r);
{ local %ENV = (ONLY => 'this', PATH => '/usr/bin:/bin'); $out = join ',', sort split /\n/, `env`; }
tell_of('environment', $out);
END { print "end: ran\n" if $$ == $main::first } BEGIN { $main::first = $$ }
$? = 0; exit 3;
"""


def scenario(scene):
    pathlib.Path("program.pl").write_text(PROGRAM, encoding="utf-8")
    scene.told(["perl", "program.pl"])
