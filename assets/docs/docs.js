/* Renders openapi.json. */
import { $, el } from '/console/dom.js';
import { doc, load, resolve, shape } from './schema.js';
import { attempt } from './try.js';

const shown = (content) => Object.entries(content || {}).map(([type, { schema }]) => el('pre', {},
	(type === 'application/json' ? '' : type + ' ') + shape(schema || {}, 0, [])));

function table(rows) {
	return el('table', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, ...[].concat(cell))))));
}

/* Returns the button that shows and hides the form of an operation. The form is built when it is shown for the first time: there are many operations. */
function opener(method, path, op) {
	const button = el('button', { type: 'button', ariaExpanded: 'false', ariaLabel: 'Try it: ' + method.toUpperCase() + ' ' + path }, 'Try it');
	let form = null;
	button.onclick = () => {
		const shows = !form || form.hidden;
		if (!form)
			button.after(form = attempt(method, path, op));
		form.hidden = !shows;
		button.ariaExpanded = String(shows);
	};
	return button;
}

function operation(method, path, op) {
	const body = el('div', { className: 'body' });
	const parameters = (op.parameters || []).map(resolve);
	if (op.security)
		body.append(el('p', { className: 'said' }, 'Requires ' + op.security.map((s) => Object.keys(s)[0] || 'nothing').join(' or ') + '.'));
	if (parameters.length)
		body.append(el('h3', {}, 'Parameters'), table(parameters.map((p) => [el('code', {}, p.name), p.in + (p.required ? ', required' : ''),
			[shape(p.schema || {}, 0, []), el('p', { className: 'said' }, p.description || '')]])));
	if (op.requestBody)
		body.append(el('h3', {}, 'Body'), ...shown(op.requestBody.content));
	body.append(el('h3', {}, 'Responses'), table(Object.entries(op.responses).map(([status, r]) => {
		const answer = resolve(r);
		return [el('code', {}, status === 'default' ? 'else' : status), [answer.description, ...shown(answer.content)]];
	})));
	body.append(opener(method, path, op));
	return el('details', { id: op.operationId }, el('summary', {}, el('span', { className: 'method ' + method }, method.toUpperCase()),
		el('code', {}, path), el('span', { className: 'said' }, op.summary)), body);
}

function draw() {
	const main = $('operations'), index = $('index');
	const all = Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item).map(([method, op]) => ({ method, path, op })));
	document.title = doc.info.title + ' API';
	$('title').textContent = document.title;
	$('about').textContent = doc.info.description;
	for (const tag of doc.tags) {
		index.append(el('a', { href: '#' + tag.name }, tag.name));
		main.append(el('section', { id: tag.name }, el('h2', {}, tag.name), el('p', {}, tag.description),
			...all.filter(({ op }) => op.tags.includes(tag.name)).map(({ method, path, op }) => operation(method, path, op))));
	}
}

function find(words) {
	for (const section of document.querySelectorAll('section')) {
		for (const one of section.querySelectorAll('details'))
			one.hidden = !one.querySelector('summary').textContent.toLowerCase().includes(words);
		section.hidden = !section.querySelector('details:not([hidden])');
	}
}

function open() {
	const target = $(decodeURIComponent(location.hash.slice(1)));
	if (target && target.tagName === 'DETAILS')
		target.open = true;
	if (target)
		target.scrollIntoView();
}

fetch('/api/openapi.json').then((answer) => answer.json()).then((found) => {
	load(found);
	draw();
	open();
}).catch((error) => {
	$('about').textContent = 'Cannot load openapi.json: ' + error.message;
});
$('find').addEventListener('input', (event) => find(event.target.value.trim().toLowerCase()));
addEventListener('hashchange', open);
