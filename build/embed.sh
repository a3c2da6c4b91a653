#!/bin/bash
# embed.sh ROOTS [FILE ...]: writes to standard output the assembly that carries kore.conf, sql/, assets/, the authorities'
# certificates (the file ROOTS) and the FILEs inside the binary. make has made the FILEs below out/gen, from where their names
# count; YAML is not carried, what has been made of it is.
# The table is sorted by name (bytewise), every file ends with a NUL that is not counted.
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
