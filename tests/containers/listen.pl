# Stands where a program would listen: responds to every HTTP request on the ports it is given with 200 and an empty body, which is also a
# valid scrape. It keeps the bodies of POST requests; GET /kept returns them, each with its length in front (4 bytes, big-endian).
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $limit = 32 << 20; # the oldest bodies leave first
my (@kept, %listening, %request);
my $bytes  = 0;
my $select = IO::Select->new;
$SIG{TERM} = sub { exit 0 };
$SIG{PIPE} = 'IGNORE';
for my $port (grep { /^\d+$/ } @ARGV) {
    my $socket = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => $port, Listen => 16, ReuseAddr => 1)
      or die "port $port: $!\n";
    $listening{$socket} = 1;
    $select->add($socket);
}

sub keep {
    my ($body) = @_;
    push @kept, $body;
    $bytes += length $body;
    $bytes -= length shift @kept while $bytes > $limit;
}

# The response, once the request is whole.
sub response_to {
    my ($text) = @_;
    my $end = index $text, "\r\n\r\n";
    return if $end < 0;
    my $head = substr $text, 0, $end;
    my $body = substr $text, $end + 4;
    my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
    return if length($body) < ($length // 0);
    keep($body) if $head =~ /^POST / && length $body;
    my $response = $head =~ m{^GET /kept } ? join '', map { pack('N', length $_) . $_ } @kept : '';
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: " . length($response)
      . "\r\nConnection: close\r\n\r\n$response";
}

while (my @ready = $select->can_read) {
    for my $socket (@ready) {
        if ($listening{$socket}) {
            $select->add($socket->accept);
            next;
        }
        my $read = sysread $socket, $request{$socket}, 65536, length($request{$socket} //= '');
        my $response = $read ? response_to($request{$socket}) : '';
        next unless defined $response;
        while (length $response) {
            my $written = syswrite($socket, $response) or last;
            substr $response, 0, $written, '';
        }
        delete $request{$socket};
        $select->remove($socket);
        close $socket;
    }
}
