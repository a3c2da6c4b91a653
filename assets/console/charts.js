/* Charts by uPlot, in the colours of the style sheet, with a table of the same figures for those who do not see them. */
import { el } from './dom.js';
import uPlot from './uplot.js';

const HEIGHT = 170;
const charts = new Set();

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/* series: [{ label, colour: '--accent', values }]; times in seconds since 1970; show(value) makes text of a figure. */
function draw(chart) {
	const { holder, times, series, show } = chart;
	if (chart.plot)
		chart.plot.destroy();
	chart.plot = null;
	if (!holder.clientWidth)
		return;
	const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 }, font: '12px system-ui, sans-serif' };
	chart.plot = new uPlot({
		width: holder.clientWidth,
		height: HEIGHT,
		scales: { x: { time: true }, y: { range: (plot, least, most) => [0, most > 0 ? most * 1.1 : 1] } },
		legend: { show: false },
		cursor: { drag: { x: false, y: false }, y: false },
		axes: [{ ...axis, values: (plot, splits) => splits.map(clock) }, { ...axis, size: 64, values: (plot, splits) => splits.map((v) => show(v)) }],
		series: [{}, ...series.map((s, i) => ({ label: s.label, stroke: colour(s.colour), width: 2, dash: i ? [6, 4] : undefined, points: { size: 4 } }))],
	}, [times, ...series.map((s) => s.values)], holder);
}

function table(chart) {
	const { times, series, show, label } = chart;
	const rows = times.map((time, i) => el('tr', {}, el('th', { scope: 'row' }, clock(time)),
		...series.map((s) => el('td', {}, s.values[i] === null ? '' : show(s.values[i])))));
	return el('table', {}, el('caption', {}, label), el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Time'),
		...series.map((s) => el('th', { scope: 'col' }, s.label)))), el('tbody', {}, ...rows.reverse()));
}

const newest = (values) => values.findLast((v) => v !== null);

/*
 * Makes a figure: heading, legend with the newest values, chart, and a table that is filled when it is opened. link is an element that stands
 * beside it, or null. update(times, series) draws it.
 */
export function makeChart(label, show, link) {
	const holder = el('div', { className: 'chart' });
	holder.setAttribute('aria-hidden', 'true');
	const legend = el('ul', { className: 'legend' });
	const rows = el('div', { className: 'scroll', tabIndex: 0, role: 'group', ariaLabel: label + ', table' });
	const figures = el('details', { className: 'figures' }, el('summary', {}, 'Table', el('span', { className: 'unseen' }, ' of ' + label)), rows);
	const node = el('section', { className: 'card figure' }, el('div', { className: 'bar' }, el('h3', {}, label), link), legend, holder, figures);
	const chart = { holder, label, show, times: [], series: [], plot: null };
	charts.add(chart);
	const fill = () => rows.replaceChildren(...(figures.open ? [table(chart)] : []));
	figures.addEventListener('toggle', fill);
	node.update = (times, series) => {
		Object.assign(chart, { times, series });
		legend.replaceChildren(...series.map((s, i) => {
			const value = newest(s.values), key = el('span', { className: 'key' + (i ? ' dashed' : '') });
			key.style.borderColor = 'var(' + s.colour + ')';
			return el('li', {}, key, s.label + ': ', el('b', {}, value === undefined ? 'none' : show(value)));
		}));
		draw(chart);
		fill();
	};
	return node;
}

export function forgetCharts() {
	for (const chart of charts) {
		if (chart.plot)
			chart.plot.destroy();
	}
	charts.clear();
}

const redraw = () => charts.forEach(draw);
window.addEventListener('resize', redraw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
