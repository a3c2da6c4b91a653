# hls.js, the player of the console, as its package has it: the whole build, since the light one plays no separate sound and no text.
needs=
recipe_build() {
	unpack 'hls.js-*.tgz'
	gzip -9nc dist/hls.min.js >"$prefix/hls.js.gz"
}
