# What the adapters for Perl share: the protocol (docs/adapter.md), and the operations that are no library's.
package Adapter;

use v5.36;
use Exporter 'import';
use File::Copy 'copy';
use IO::Handle;
use JSON::PP;
use POSIX ':sys_wait_h';

our @EXPORT = qw(failed status running serve);

# An operation returns the members of its `ok`, or what one of these does.

sub failed ($words) {
    chomp $words;
    return { error => "$words" };
}

sub running () {
    return { running => JSON::PP::true };
}

# Of $?, as wait answers it.
sub status ($status) {
    return WIFSIGNALED($status) ? { signal => WTERMSIG($status) } : { exit => WEXITSTATUS($status) };
}

my $opened;

sub open_file ($request) {
    open $opened, '>', $request->{path} or return failed($!);
    copy($request->{from}, $opened) or return failed($!);
    chmod 0755, $request->{path} or return failed($!);
    $opened->flush;
    return {};
}

sub shut ($) {
    close $opened or return failed($!);
    return {};
}

sub await ($request) {
    open my $fifo, '<', $request->{path} or return failed($!);
    sysread $fifo, my $byte, 1;
    return {};
}

sub reap ($) {
    my @pids;
    while ((my $pid = waitpid -1, WNOHANG) > 0) {
        push @pids, $pid;
    }
    return { pids => \@pids };
}

sub handle ($) {
    $SIG{USR1} = sub { };
    return {};
}

my %operations = (open => \&open_file, shut => \&shut, await => \&await, reap => \&reap, handle => \&handle);
my %always = (ping => sub { {} }, end => sub { {} });

sub answer ($request) {
    my $operation = $operations{ $request->{op} } // $always{ $request->{op} } // return { cannot => JSON::PP::true };
    my $done = $operation->($request);
    return exists $done->{error} ? $done : { ok => $done };
}

# members: of spawn; library: operations by name, each of which gets its request.
sub serve ($name, $version, $members, $library) {
    %operations = (%operations, %$library);
    my $json = JSON::PP->new->ascii;
    open my $requests, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
    open my $answers, '>', $ARGV[1] or die "$ARGV[1]: $!\n";
    $answers->autoflush;
    my @can = sort @$members, keys %operations;
    say $answers $json->encode({ adapter => 1, name => $name, version => "$version", pid => $$, can => \@can });
    while (my $line = <$requests>) {
        my $request = $json->decode($line);
        say $answers $json->encode({ id => $request->{id}, answer($request)->%* });
        last if $request->{op} eq 'end';
    }
}

1;
