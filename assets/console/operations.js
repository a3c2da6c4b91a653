/* Operations: the figures of all processes for the last hour or day, and the state of the service. A page of its own. */
import { forgetCharts, makeChart } from './charts.js';
import { $, arrange, el, hub, notice, set, size } from './dom.js';
import { addPage, back } from './pages.js';
import { may, WATCH_HIDDEN_MS } from './server.js';
import { api } from './session.js';

const FIGURES_MS = 30000;	/* a process stores its figures once a minute */
const STATE_MS = 2000;
let page = null;		/* the open page: { hours, route, data, ... } */

const milliseconds = (v) => (v >= 1000 ? (v / 1000).toFixed(v < 10000 ? 1 : 0) + ' s' : v.toFixed(v < 10 ? 1 : 0) + ' ms');
const perSecond = (v) => v.toFixed(v < 10 ? 2 : 0) + '/s';
const count = (v) => v.toLocaleString();
const span = (v) => (v < 120 ? Math.round(v) + ' s' : v < 7200 ? Math.round(v / 60) + ' min' : Math.round(v / 3600) + ' h');
const when = (iso) => new Date(iso).toLocaleString();
const orNone = (v, show) => (v === null || v === undefined ? '' : show(v));

const runbook = (file, about) => el('a', { href: '/console/runbook-' + file + '.md', target: '_blank', rel: 'noopener' }, 'Runbook', el('span', { className: 'unseen' }, ': ' + about));

/* The charts: name, text of a figure, runbook, and their lines in the data. */
const CHARTS = [
	['Requests per second', perSecond, ['no-answer', 'no response from the load balancer'], (d, r) => [['Requests', '--accent', r.requests]]],
	['Errors', count, ['api-unhealthy', 'API unhealthy or returning errors'], (d, r) => [['5xx', '--bad', r.failed], ['4xx', '--soft', r.refused]]],
	['Time of a request', milliseconds, ['api-unhealthy', 'latency of the API'], (d, r) => [['p50', '--good', r.p50], ['p99', '--accent', r.p99]]],
	['Films that wait', count, ['worker-errors', 'films not processed'], (d) => [['Waiting', '--accent', d.transcoding.depth]]],
	['Age of the oldest film that waits', span, ['worker-errors', 'films not processed'], (d) => [['Age', '--accent', d.transcoding.oldest]]],
	['Speed of encoding, as a multiple of real time', (v) => v.toFixed(2) + '×', ['worker-errors', 'all transcode tasks busy'], (d) => [['Speed', '--accent', d.transcoding.speed]]],
	['Time of a database call', milliseconds, ['api-unhealthy', 'the database is slow or down'], (d) => [['p50', '--good', d.servers.database.p50], ['p99', '--accent', d.servers.database.p99]]],
	['Time of a Valkey command', milliseconds, ['api-unhealthy', 'Valkey is slow or down'], (d) => [['p50', '--good', d.servers.valkey.p50], ['p99', '--accent', d.servers.valkey.p99]]],
	['Time of a call to object storage', milliseconds, ['slow-media', 'object storage is slow'], (d) => [['p50', '--good', d.servers.store.p50], ['p99', '--accent', d.servers.store.p99]]],
	['Memory of all processes', size, ['api-unhealthy', 'memory of the API'], (d) => [['Memory', '--accent', d.memory]]],
];

/* Makes a table whose rows stay while they have the same key. columns: [heading, text of an item]. */
function makeTable(label, columns, link) {
	const body = el('tbody', {}), none = el('p', { className: 'empty' }, 'Nothing yet.');
	const table = el('table', {}, el('caption', { className: 'unseen' }, label),
		el('thead', {}, el('tr', {}, ...columns.map(([name]) => el('th', { scope: 'col' }, name)))), body);
	const scroll = el('div', { className: 'scroll', tabIndex: 0, role: 'group', ariaLabel: label }, table);
	const node = el('section', { className: 'card figure wide' }, el('div', { className: 'bar' }, el('h3', {}, label), link), scroll, none);
	node.update = (items) => {
		scroll.hidden = !items.length;
		none.hidden = Boolean(items.length);
		arrange(body, items, () => {
			const cells = columns.map((column, i) => el(i ? 'td' : 'th', i ? {} : { scope: 'row' }));
			const row = el('tr', {}, ...cells);
			row.update = (item) => columns.forEach(([, fill], i) => {
				const value = fill(item);
				if (!(value instanceof Node))
					set(cells[i], { textContent: value });
				else if (cells[i].firstChild !== value)
					cells[i].replaceChildren(value);
			});
			return row;
		});
	};
	return node;
}

/* A button that shows the charts of a route. It is kept, with the focus, while the row is. */
function routeButton(item) {
	let button = page.buttons.get(item.route);
	if (!button) {
		button = el('button', { type: 'button', className: 'quiet', onclick: () => choose(item.route) }, item.route);
		page.buttons.set(item.route, button);
	}
	button.setAttribute('aria-pressed', String(page.route === item.route));
	return button;
}

function doing(p) {
	if (p.film !== null || p.upload !== null)
		return 'Transcodes ' + (p.film || 'upload ' + p.upload) + orNone(p.percent, (v) => ', ' + v + ' %');
	return p.role === 'transcode' ? 'Waits for a film' : perSecond(p.requests) + ', ' + p.inFlight + ' in progress, ' + p.connections + ' connections';
}

function makeTables() {
	return {
		routes: makeTable('Routes', [['Route', routeButton], ['Requests', (r) => count(r.requests)], ['5xx', (r) => count(r.failed)], ['4xx', (r) => count(r.refused)],
			['p50', (r) => orNone(r.p50, milliseconds)], ['p99', (r) => orNone(r.p99, milliseconds)]]),
		processes: makeTable('Processes, in their last minute', [['Process', (p) => p.process], ['Role', (p) => p.role], ['Doing', doing], ['Memory', (p) => size(p.memory)],
			['Version', (p) => p.version], ['Since', (p) => when(p.startedAt)]], runbook('worker-errors', 'errors of a worker')),
		cron: makeTable('Last runs of cron jobs', [['Job', (c) => c.name], ['Outcome', (c) => c.outcome + orNone(c.error, (e) => ': ' + e)], ['Started', (c) => when(c.startedAt)],
			['Took', (c) => orNone(c.seconds, (s) => (s < 1 ? milliseconds(s * 1000) : span(s)))]], runbook('worker-errors', 'a cron job failed')),
		deployments: makeTable('Deployments', [['Version', (d) => d.version], ['Role', (d) => d.role], ['First start', (d) => when(d.startedAt)], ['Starts', (d) => count(d.starts)]],
			runbook('environment', 'a task does not start')),
	};
}

/* The output of "wanzami status". */
function makeSection(item) {
	const list = el('dl', {}), node = el('section', { className: 'card' }, el('h4', {}, item.key), list);
	node.update = (now) => arrange(list, now.lines.map((line) => ({ key: line.name, line })), (entry) => {
		const value = el('dd', {}), pair = el('div', {}, el('dt', {}, entry.line.name), value);
		pair.update = (fresh) => set(value, { textContent: fresh.line.value });
		return pair;
	});
	return node;
}

function drawFigures() {
	const { data, route } = page, from = Date.parse(data.since) / 1000;
	const times = data.all.requests.map((v, i) => from + i * data.step);
	const chosen = data.routes.find((r) => r.route === route);
	page.about.textContent = chosen ? 'Requests, errors and times are those of ' + route + '.' : 'Requests, errors and times are those of all routes.';
	page.allRoutes.hidden = !chosen;
	page.charts.forEach((node, i) => node.update(times, CHARTS[i][3](data, chosen ? chosen.line : data.all).map(([label, colour, values]) => ({ label, colour, values }))));
	page.tables.routes.update(data.routes.map((r) => ({ key: r.route, ...r })));
	page.tables.processes.update(data.processes.map((p, i) => ({ key: p.process + ' ' + i, ...p })));
	page.tables.cron.update(data.cron.map((c) => ({ key: c.name, ...c })));
	page.tables.deployments.update(data.deployments.map((d) => ({ key: d.version + d.role + d.startedAt, ...d })));
}

function choose(route) {
	page.route = route;
	if (route === null && page.allRoutes.contains(document.activeElement))
		page.about.focus();
	drawFigures();
}

async function loadFigures() {
	const mine = page, { hours } = mine, dropped = () => page !== mine || mine.hours !== hours;		/* another span has been chosen */
	clearTimeout(mine.figuresTimer);
	try {
		const data = await api('GET', '/api/admin/operations?hours=' + hours);
		if (dropped())
			return;
		mine.data = data;
		mine.loading.hidden = true;
		mine.body.hidden = false;
		mine.sheet.removeAttribute('aria-busy');
		notice('operations-trouble', '');
		drawFigures();
	} catch (error) {
		if (!dropped())
			notice('operations-trouble', error.message + ' Retrying.');
	}
	if (dropped())
		return;
	clearTimeout(mine.figuresTimer);
	mine.figuresTimer = setTimeout(loadFigures, FIGURES_MS);
}

async function loadState() {
	const mine = page;
	clearTimeout(mine.stateTimer);
	try {
		const { lines } = await api('GET', '/console/api/operations');
		if (page !== mine)
			return;
		const sections = [...new Set(lines.map((line) => line.section))];
		notice('state-trouble', '');
		arrange(mine.state, sections.map((key) => ({ key, lines: lines.filter((line) => line.section === key) })), makeSection);
	} catch (error) {
		if (page === mine)
			notice('state-trouble', error.message + ' Retrying.');
	}
	if (page === mine)
		mine.stateTimer = setTimeout(loadState, document.hidden ? WATCH_HIDDEN_MS : STATE_MS);
}

function makeHours() {
	const options = [['1', 'One hour'], ['24', 'One day']].map(([value, label]) => {
		const input = el('input', { type: 'radio', name: 'hours', value, checked: value === page.hours, onchange: () => {
			page.hours = value;
			loadFigures();
		} });
		return el('label', {}, input, el('span', {}, label));
	});
	return el('fieldset', { className: 'choice' }, el('legend', {}, 'Show'), el('div', { className: 'options' }, ...options));
}

function open(id, sheet) {
	page = { hours: '1', route: null, data: null, sheet, buttons: new Map() };
	page.charts = CHARTS.map(([label, show, [file, about]]) => makeChart(label, show, runbook(file, about)));
	page.tables = makeTables();
	page.about = el('p', { className: 'hint', tabIndex: -1 });
	page.allRoutes = el('button', { type: 'button', hidden: true, onclick: () => choose(null) }, 'All routes');
	page.state = el('div', { className: 'operations' });
	page.loading = el('p', { className: 'loading', role: 'status' }, 'Loading the figures');
	page.body = el('div', { className: 'figures-body', hidden: true }, el('div', { className: 'about' }, page.about, page.allRoutes),
		el('div', { className: 'charts' }, ...page.charts), ...Object.values(page.tables));
	sheet.setAttribute('aria-busy', 'true');
	sheet.append(back('#titles-section', 'Films'),
		el('div', { className: 'bar' }, el('h2', { id: 'operations-h' }, 'Operations'), makeHours()),
		el('p', { id: 'operations-trouble', className: 'notice bad', role: 'alert', hidden: true }), page.loading, page.body,
		el('h3', {}, 'State of the service'), el('p', { id: 'state-trouble', className: 'notice bad', role: 'alert', hidden: true }), page.state);
	loadFigures();
	loadState();
}

function close() {
	clearTimeout(page.figuresTimer);
	clearTimeout(page.stateTimer);
	page.sheet.removeAttribute('aria-busy');
	page = null;
	forgetCharts();
}

addPage('operations', { open, close });
hub.addEventListener('draw', () => { $('operations-link').hidden = !may('operate'); });
