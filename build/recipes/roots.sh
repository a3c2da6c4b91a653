# CA certificates that Mozilla trusts for TLS servers: concatenated DER, in the order of certdata.txt of NSS and Debian's
# ca-certificates.
needs=
recipe_build() {
	unpack 'ca-certificates_*.tar.xz'
	cat >convert.pl <<'END'
use strict;
use warnings;

my (@certificates, %trusted, %object);

sub take {
	my $class = $object{CKA_CLASS} // "";
	my $id = ($object{CKA_ISSUER} // "") . "/" . ($object{CKA_SERIAL_NUMBER} // "");
	if ($class eq "CKO_CERTIFICATE") {
		push @certificates, [$id, $object{CKA_VALUE}];
	} elsif ($class eq "CKO_NSS_TRUST") {
		$trusted{$id} = $object{CKA_TRUST_SERVER_AUTH} eq "CKT_NSS_TRUSTED_DELEGATOR";
	}
	%object = ();
}

my $field;
while (<STDIN>) {
	if (defined $field) {
		if (/^END/) {
			undef $field;
		} else {
			$object{$field} .= chr oct $1 while /\\([0-3][0-7][0-7])/g;
		}
	} elsif (/^(\w+) MULTILINE_OCTAL/) {
		$object{$field = $1} = "";
	} elsif (/^(CKA_\w+) \w+ (.*)/) {
		take if $1 eq "CKA_CLASS";
		$object{$1} = $2;
	}
}
take;

binmode STDOUT;
my $count = 0;
for (@certificates) {
	my ($id, $der) = @$_;
	next unless $trusted{$id};
	print $der;
	$count++;
}
die "roots: only $count trusted CAs in certdata.txt\n" if $count < 100;
END
	perl convert.pl <mozilla/certdata.txt >"$prefix/roots.der"
}
