# Stands where a program would listen: answers every HTTP request on the ports it is given with 200 and nothing.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my @ports = grep { /^\d+$/ } @ARGV;
my %listening;
my $select = IO::Select->new;
$SIG{TERM} = sub { exit 0 };
$SIG{PIPE} = 'IGNORE';
for my $port (@ports) {
    my $socket = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => $port, Listen => 16, ReuseAddr => 1)
      or die "port $port: $!\n";
    $listening{$socket} = 1;
    $select->add($socket);
}
while (my @ready = $select->can_read) {
    for my $socket (@ready) {
        if ($listening{$socket}) {
            $select->add($socket->accept);
        } elsif (sysread($socket, my $request, 65536)) {
            syswrite($socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            $select->remove($socket);
            close $socket;
        } else {
            $select->remove($socket);
            close $socket;
        }
    }
}
