#!/bin/bash
# embed.sh ROOTS OPENAPI: writes to standard output the assembly that carries kore.conf, sql/, assets/ and the authorities'
# certificates (the file ROOTS) inside the binary. OPENAPI is assets/openapi.yaml as JSON and takes its place.
# The table is sorted by name (bytewise), every file ends with a NUL that is not counted.
set -eu
export LC_ALL=C
files=$(find sql assets -type f 2>/dev/null | sed 's,^assets/openapi.yaml$,assets/openapi.json,' | sort)

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
printf '\t.globl roots_der, roots_der_end\nroots_der:\t.incbin "%s"\nroots_der_end:\t.byte 0\n' "$1"
n=0
for f in $files; do
	from=$f
	[ "$f" != assets/openapi.json ] || from=$2
	printf '.Ln%d:\t.asciz "%s"\n.Ld%d:\t.incbin "%s"\n.Le%d:\t.byte 0\n' $n "$f" $n "$from" $n
	n=$((n + 1))
done
printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\nembed_table:\n'
i=0
while [ $i -lt $n ]; do
	printf '\t.quad .Ln%d, .Ld%d, .Le%d - .Ld%d\n' $i $i $i $i
	i=$((i + 1))
done
printf '\t.balign 8\nembed_count:\n\t.quad %d\n' $n
