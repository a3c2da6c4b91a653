#!/bin/bash
# render.sh [SETTINGS [DIR]]: replaces each ${NAME} in the JSON files of this folder by its value in SETTINGS and writes the files to
# DIR. SETTINGS (default ecs-taskdefs/settings) has lines NAME=value; the last line of a name counts. DIR is out/ecs by default. A file
# with a missing setting is not written; the output lists the missing settings. Called by ./build.sh ecs. Does not connect to AWS.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
settings=${1:-$here/settings}
dir=${2:-$here/../out/ecs}
[ -r "$settings" ] || { echo "render: cannot read $settings; copy ecs-taskdefs/settings.example to it and edit it" >&2; exit 1; }
bad=$(grep -nvE '^([A-Z][A-Z0-9_]*=.*|#.*|)$' "$settings" || true)
[ -z "$bad" ] || { echo "render: $settings: expected NAME=value or a # comment in line $bad" >&2; exit 1; }

rm -rf "$dir"
not_written=
for file in "$here"/*/*.json; do
	name=${file#"$here"/}
	mkdir -p "$dir/${name%/*}"
	not_written+=$(awk -v out="$dir/$name" '
		NR == FNR && /^[A-Z]/ {
			at = index($0, "=")
			value = substr($0, at + 1)
			gsub(/[\\"]/, "\\\\&", value)
			set[substr($0, 1, at - 1)] = value
		}
		NR == FNR { next }
		{
			line = ""
			while (match($0, /\$\{[A-Z0-9_]+\}/)) {
				word = substr($0, RSTART + 2, RLENGTH - 3)
				if (!(word in set) && !(word in wanted)) {
					wanted[word]
					missing = missing " " word
				}
				line = line substr($0, 1, RSTART - 1) set[word]
				$0 = substr($0, RSTART + RLENGTH)
			}
			text = text line $0 "\n"
		}
		END {
			printf "%s", missing
			if (missing == "")
				printf "%s", text >out
		}' "$settings" "$file")
done
missing=$(printf '%s\n' $not_written | sort -u | tr '\n' ' ')
echo "$(find "$dir" -type f | wc -l) files in $(realpath --relative-to=. "$dir")${not_written:+; not written, settings missing: $missing}"
