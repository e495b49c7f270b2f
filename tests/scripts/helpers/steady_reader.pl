# Reads FILES over and over and compares every byte with what was there first, until the file STOP
# is there: half of the readers open each time, half read what they opened at the beginning.
#   perl steady_reader.pl STOP READERS FILE...
# Each reader adds a byte to STOP.begun when it has read for the first time.
# Prints "reads=N failed=N wrong=N longest_ms=N" and the errors; exits with 1 if there was one.
use strict;
use warnings;
use POSIX (); # Time::HiRes is not in Debian's base
my ($stop, $count, @files) = @ARGV;

sub milliseconds { (POSIX::times())[0] * 1000 / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }

sub slurp {
  my ($handle) = @_;
  sysseek($handle, 0, 0);
  my $text = '';
  while (1) {
    my $n = sysread($handle, my $part, 65536);
    return undef unless defined $n;
    return $text if $n == 0;
    $text .= $part;
  }
}

sub reader {
  my ($number, $out) = @_;
  my $file = $files[$number % @files];
  open(my $first, '<:raw', $file) or die "$file: $!";
  my $want = slurp($first) // die "$file: $!";
  open(my $begun, '>>', "$stop.begun") or die $!;
  syswrite($begun, '.');
  my ($reads, $wrong, $longest, %errors) = (0, 0, 0);
  until (-e $stop || !-e "$stop.begun") { # a test that failed leaves neither
    for (1 .. 50) {
      my $begin = milliseconds();
      my $handle = $first;
      my $got;
      $got = slurp($handle) if $number % 2 || open($handle = undef, '<:raw', $file);
      if (!defined $got) { $errors{"$!"}++ }
      elsif ($got ne $want) { $wrong++ }
      else { $reads++ }
      my $took = milliseconds() - $begin;
      $longest = $took if $took > $longest;
      select(undef, undef, undef, 0.001);
    }
  }
  my $failed = 0;
  $failed += $_ for values %errors;
  print $out join("\t", $reads, $failed, $wrong, int $longest, map { "$_:$errors{$_}" } sort keys %errors), "\n";
  exit 0;
}

my @pipes;
for my $number (0 .. $count - 1) {
  pipe(my $in, my $out) or die $!;
  my $child = fork() // die $!;
  reader($number, $out) if $child == 0;
  close $out;
  push @pipes, $in;
}
my ($reads, $failed, $wrong, $longest, $all, @errors) = (0, 0, 0, 0, 0);
for my $pipe (@pipes) {
  my $line = <$pipe>;
  if (!defined $line) { push @errors, 'a reader died'; $failed++; next }
  chomp $line;
  my ($r, $f, $w, $l, @e) = split /\t/, $line;
  $reads += $r; $failed += $f; $wrong += $w; $longest = $l if $l > $longest; push @errors, @e;
}
print "reads=$reads failed=$failed wrong=$wrong longest_ms=$longest", (map { " [$_]" } @errors), "\n";
exit($failed || $wrong || !$reads ? 1 : 0);
