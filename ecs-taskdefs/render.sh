#!/bin/bash
# render.sh [SETTINGS [DIR]]: fills the ${NAME}s of every file here from SETTINGS (ecs-taskdefs/settings; lines NAME=value, of which
# the last counts) and writes what is then complete into DIR (out/ecs). A file that still lacks a setting is not written; the last
# line says which settings are lacking. Called by ./build.sh ecs; it asks AWS nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
settings=${1:-$here/settings}
dir=${2:-$here/../out/ecs}
[ -r "$settings" ] || { echo "render: copy ecs-taskdefs/settings.example to $settings and fill it in" >&2; exit 1; }
bad=$(grep -nvE '^([A-Z][A-Z0-9_]*=.*|#.*|)$' "$settings" || true)
[ -z "$bad" ] || { echo "render: $settings: neither NAME=value nor a # comment: $bad" >&2; exit 1; }

rm -rf "$dir"
waiting=
for file in "$here"/*/*.json; do
	name=${file#"$here"/}
	mkdir -p "$dir/${name%/*}"
	waiting+=$(awk -v out="$dir/$name" '
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
lacking=$(printf '%s\n' $waiting | sort -u | tr '\n' ' ')
echo "$(find "$dir" -type f | wc -l) files in $(realpath --relative-to=. "$dir")${waiting:+; others wait for $lacking}"
