# Licence texts of everything that is linked in, taken from the sources and concatenated.
needs=
from=$(awk '/^[^#]/ && $2 !~ /^\// { print $1 }' build/licenses)
reads=build/licenses
license_file() {	# license_file RECIPE FILE: prints one licence text
	case $2 in
	/*)	cat "${2/VERSION/$(gcc -dumpversion)}" ;;
	*)	tar xOf "$cache/src/$(awk -v name="$1" '$1 == name { print $5; exit }' "$root/build/sources.lock")" \
			--wildcards --no-wildcards-match-slash "*/$2" ;;
	esac
}
recipe_build() {
	local name files license file
	grep '^[^#]' "$root/build/licenses" | while read -r name files license; do
		for file in ${files//,/ }; do
			printf '\n======== %s: %s (%s)\n\n' "$name" "${file##*/}" "$license"
			license_file "$name" "$file"
		done
	done >"$prefix/licenses.txt"
}
