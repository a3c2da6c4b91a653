#!/bin/bash
# sbom.sh: writes the software bill of materials of the binary, an SPDX 2.3 document in JSON, to standard output: each line of
# build/sources.lock as a package with its licence from build/licenses, libgcc and the time zones. The document is reproducible: its
# creation time is SOURCE_DATE_EPOCH, or 1970-01-01.
set -eu
cd "$(dirname "$0")/.."
created=$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)
zones=$(sed -n '1s/# version //p' assets/zones)
hash=$(cat build/version build/sources.lock build/licenses assets/zones | sha256sum | cut -c1-32)
awk -v version="$(cat build/version)" -v gcc="$(gcc -dumpfullversion)" -v created="$created" -v hash="$hash" -v zones="$zones" '
	function quote(s) { gsub(/[\\"]/, "\\\\&", s); return "\"" s "\"" }
	function package(id, name, number, purpose, license, more) {
		packages = packages (packages == "" ? "" : ",\n") \
		    "    {\n      \"SPDXID\": " quote(id) ",\n      \"name\": " quote(name) ",\n      \"versionInfo\": " quote(number) ",\n" \
		    "      \"primaryPackagePurpose\": \"" purpose "\",\n      \"downloadLocation\": \"NOASSERTION\",\n" \
		    "      \"filesAnalyzed\": false,\n" more license ",\n      \"copyrightText\": \"NOASSERTION\"\n    }"
	}
	function licensed(concluded, declared) {
		return "      \"licenseConcluded\": " quote(concluded) ",\n      \"licenseDeclared\": " quote(declared)
	}
	function relate(from, how, to) {
		relations = relations (relations == "" ? "" : ",\n") "    { \"spdxElementId\": \"SPDXRef-" from \
		    "\", \"relationshipType\": \"" how "\", \"relatedSpdxElement\": \"SPDXRef-" to "\" }"
	}
	/^#/ { next }
	FILENAME == "build/licenses" {
		name = $1
		sub(/^[^ ]+ [^ ]+ /, "")
		license[name] = $0
		next
	}
	{
		id = $1
		if (!($1 in license)) {
			print "sbom: " $1 " is missing in build/licenses" >"/dev/stderr"
			failed = 1
			exit 1
		}
		purl = $3
		gsub(/\+/, "%2B", purl)
		gsub(/~/, "%7E", purl)
		purl = $4 == "npm" ? "pkg:npm/" $2 "@" purl : "pkg:deb/debian/" $2 "@" purl "?arch=source&distro=" $4
		linked = $1 != "roots" && $4 != "npm"
		more = "      \"packageFileName\": " quote($5) ",\n" \
		    "      \"checksums\": [{ \"algorithm\": \"SHA256\", \"checksumValue\": " quote($6) " }],\n" \
		    "      \"externalRefs\": [{ \"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": " \
		    quote(purl) " }],\n"
		if (seen[$1]++) {
			id = $1 "-patches"
			relate(id, "PATCH_FOR", $1)
		} else
			relate("wanzami", linked ? "STATIC_LINK" : "CONTAINS", $1)
		package("SPDXRef-" id, id, $3, $1 == "roots" ? "DATA" : (id == $1 ? "LIBRARY" : "SOURCE"), licensed(license[$1], license[$1]), more)
	}
	END {
		if (failed)
			exit 1
		relate("wanzami", "STATIC_LINK", "libgcc")
		package("SPDXRef-libgcc", "libgcc", gcc, "LIBRARY", licensed(license["gcc"], license["gcc"]), "")
		relate("wanzami", "CONTAINS", "tzdata")
		package("SPDXRef-tzdata", "tzdata", zones, "DATA", licensed("NONE", "NONE"), \
		    "      \"licenseComments\": \"The time zone database is in the public domain.\",\n")
		package("SPDXRef-wanzami", "wanzami", version, "APPLICATION", licensed("GPL-2.0-or-later", "NOASSERTION"), \
		    "      \"licenseComments\": \"x264, and FFmpeg as it is configured here (--enable-gpl), put the binary as a whole under the " \
		    "GNU General Public License, version 2 or later.\",\n")
		printf "{\n  \"spdxVersion\": \"SPDX-2.3\",\n  \"dataLicense\": \"CC0-1.0\",\n  \"SPDXID\": \"SPDXRef-DOCUMENT\",\n" \
		    "  \"name\": \"wanzami-%s\",\n  \"documentNamespace\": \"https://spdx.org/spdxdocs/wanzami-%s-%s\",\n" \
		    "  \"creationInfo\": { \"created\": \"%s\", \"creators\": [\"Tool: build/sbom.sh\"] },\n" \
		    "  \"documentDescribes\": [\"SPDXRef-wanzami\"],\n  \"packages\": [\n%s\n  ],\n  \"relationships\": [\n" \
		    "    { \"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-wanzami\" },\n" \
		    "%s\n  ]\n}\n", version, version, hash, created, packages, relations
	}' build/licenses build/sources.lock
