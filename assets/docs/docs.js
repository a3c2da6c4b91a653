'use strict';
/* Renders openapi.json. A schema is shown as the shape of the JSON that it describes. */

const el = (name, attributes, ...children) => {
	const node = Object.assign(document.createElement(name), attributes);
	node.append(...children);
	return node;
};

let doc = null;

const named = (reference) => reference.split('/').slice(1).reduce((at, key) => at[key], doc);
const resolve = (thing) => thing.$ref ? { ...named(thing.$ref), ...thing, name: thing.$ref.split('/').pop() } : thing;

/* Returns the shape of a schema as text. Recursive schemas and those below the fifth level are shown by their name. */
function shape(schema, indent, above) {
	const s = resolve(schema), pad = '  '.repeat(indent);
	if (s.name && (above.includes(s.name) || indent > 4))
		return s.name;
	const inside = s.name ? [...above, s.name] : above;
	if (s.const !== undefined)
		return JSON.stringify(s.const);
	if (s.enum)
		return s.enum.map((v) => JSON.stringify(v)).join(' | ');
	if (s.anyOf && !s.properties || s.oneOf)
		return (s.anyOf || s.oneOf).map((part) => shape(part, indent, inside)).join(' | ');
	if (s.allOf)
		return s.allOf.map((part) => shape(part, indent, inside)).join(' and ');
	if (s.properties)
		return '{\n' + Object.entries(s.properties).map(([key, part]) => pad + '  ' + key +
			((s.required || []).includes(key) ? '' : '?') + ': ' + shape(part, indent + 1, inside)).join('\n') + '\n' + pad + '}';
	if (s.items)
		return '[ ' + shape(s.items, indent, inside) + ' ]';
	const bounds = [['minLength', 'at least %'], ['maxLength', 'at most %'], ['minimum', 'from %'], ['maximum', 'to %']]
		.filter(([key]) => key in s).map(([key, text]) => text.replace('%', s[key]));
	return [].concat(s.type || 'anything').join(' | ') + (bounds.length ? ' (' + bounds.join(', ') + ')' : '');
}

const shown = (content) => Object.entries(content || {}).map(([type, { schema }]) => el('pre', {},
	(type === 'application/json' ? '' : type + ' ') + shape(schema || {}, 0, [])));

function table(rows) {
	return el('table', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, ...[].concat(cell))))));
}

function operation(method, path, op) {
	const body = el('div', { className: 'body' });
	const parameters = (op.parameters || []).map(resolve);
	if (op.security)
		body.append(el('p', { className: 'said' }, 'Requires ' + op.security.map((s) => Object.keys(s)[0] || 'nothing').join(' or ') + '.'));
	if (parameters.length)
		body.append(el('h3', {}, 'Parameters'), table(parameters.map((p) => [el('code', {}, p.name), p.in, shape(p.schema || {}, 0, [])])));
	if (op.requestBody)
		body.append(el('h3', {}, 'Body'), ...shown(op.requestBody.content));
	body.append(el('h3', {}, 'Responses'), table(Object.entries(op.responses).map(([status, r]) => {
		const answer = resolve(r);
		return [el('code', {}, status === 'default' ? 'else' : status), [answer.description, ...shown(answer.content)]];
	})));
	return el('details', { id: op.operationId }, el('summary', {}, el('span', { className: 'method ' + method }, method.toUpperCase()),
		el('code', {}, path), el('span', { className: 'said' }, op.summary)), body);
}

function draw() {
	const main = document.getElementById('operations'), index = document.getElementById('index');
	const all = Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item).map(([method, op]) => ({ method, path, op })));
	document.title = doc.info.title + ' API';
	document.getElementById('title').textContent = document.title;
	document.getElementById('about').textContent = doc.info.description;
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
	const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
	if (target && target.tagName === 'DETAILS')
		target.open = true;
	if (target)
		target.scrollIntoView();
}

fetch('/api/openapi.json').then((answer) => answer.json()).then((found) => {
	doc = found;
	draw();
	open();
}).catch((error) => {
	document.getElementById('about').textContent = 'Cannot load openapi.json: ' + error.message;
});
document.getElementById('find').addEventListener('input', (event) => find(event.target.value.trim().toLowerCase()));
addEventListener('hashchange', open);
