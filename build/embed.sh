#!/bin/bash
# embed.sh ROOTS [FILE ...]: writes to standard output the assembly that embeds kore.conf, sql/, assets/, the CA certificates (file
# ROOTS) and the FILEs in the binary. make generates the FILEs under out/gen; their names in the table are relative to it. YAML
# files are not embedded, only the JSON generated from them. A file NAME.gz is served as NAME (src/http/page.c).
# The table is sorted by name (bytewise). Each file is followed by a NUL that its length does not count.
set -eu
export LC_ALL=C
roots=$1; shift
files=$({ find sql assets -type f ! -name '*.yaml' 2>/dev/null; printf '%s\n' "${@#out/gen/}"; } | sort)

cat <<'END'
	.section .note.GNU-stack,"",@progbits
	.section .rodata
	.globl embed_table, embed_count
	.weak asset_builtin_kore_conf, asset_len_builtin_kore_conf	/* kodev embeds its own */
	.balign 8
asset_builtin_kore_conf:
	.incbin "kore.conf"
.Lconf_end:
	.byte 0
	.balign 4
asset_len_builtin_kore_conf:
	.long .Lconf_end - asset_builtin_kore_conf
END
printf '\t.globl roots_der, roots_der_end\nroots_der:\t.incbin "%s"\nroots_der_end:\t.byte 0\n' "$roots"
n=0
for f in $files; do
	path=$f
	[ -e "$path" ] || path=out/gen/$f
	printf '.Ln%d:\t.asciz "%s"\n.Ld%d:\t.incbin "%s"\n.Le%d:\t.byte 0\n' $n "$f" $n "$path" $n
	n=$((n + 1))
done
printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\nembed_table:\n'
i=0
while [ $i -lt $n ]; do
	printf '\t.quad .Ln%d, .Ld%d, .Le%d - .Ld%d\n' $i $i $i $i
	i=$((i + 1))
done
printf '\t.balign 8\nembed_count:\n\t.quad %d\n' $n
