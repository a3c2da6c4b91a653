# uPlot, the charts of the console, as its package has it; the end makes its minified script a module.
needs=
recipe_build() {
	unpack 'uplot-*.tgz'
	{ cat dist/uPlot.iife.min.js; echo 'export default uPlot;'; } | gzip -9nc >"$prefix/uplot.js.gz"
	cp dist/uPlot.min.css "$prefix/uplot.css"
}
