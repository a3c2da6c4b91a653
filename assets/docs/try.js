/* The form "Try it" of an operation: sends a request to this server, shows the response, and the same request as a curl command. */
import { $, el, size } from '/console/dom.js';
import { doc, example, resolve } from './schema.js';

const SHOWN = 1000000;	/* bytes of a response that are read */
const SAFE = ['GET', 'HEAD'];	/* RFC 9110 §9.2.1 */
const OF_BROWSER = ['content-length', 'user-agent'];	/* headers that a browser sets itself */
const TEXT = /^text\/|json|xml|javascript|mpegurl|subrip/;

/* Returns the parameters of an operation that a page can send, also the headers that authorize it in place of an access token. */
function parameters(op) {
	const keys = (op.security || []).flatMap(Object.keys).map((name) => doc.components.securitySchemes[name]).filter((s) => s.type === 'apiKey');
	return [...(op.parameters || []).map(resolve), ...keys.map((key) => ({ ...key, schema: { type: 'string' } }))]
		.filter((p) => !OF_BROWSER.includes(p.name.toLowerCase()));
}

function labelled(name, about, input) {
	return el('label', {}, el('span', {}, el('code', {}, name), ' ', el('span', { className: 'said' }, about)), input);
}

const choice = (values, first) => el('select', {}, ...first, ...values.map((value) => el('option', { value }, value)));

/* Returns the field of a parameter: a list if it has certain values only. A field that is left empty is not sent. */
function field(p) {
	const { enum: values, default: standard = '' } = resolve(p.schema);
	const input = values ? choice(values, [el('option', { value: '' }, standard && 'default: ' + standard)])
		: el('input', { placeholder: standard, spellcheck: false });
	input.required = p.required === true;
	return { ...p, input, label: labelled(p.name, p.in + (p.required ? ', required' : ''), input) };
}

/* Returns the fields of a body by its media types: a file if it is binary, otherwise text, with an example if it is JSON. */
function bodyField(content) {
	const types = Object.keys(content), schema = resolve(content[types[0]].schema), binary = schema.format === 'binary';
	const json = types[0] === 'application/json' ? JSON.stringify(example(schema), null, 2) : '';
	const input = binary ? el('input', { type: 'file' }) : el('textarea', { value: json, rows: Math.min(20, json.split('\n').length + 1), spellcheck: false });
	const type = types.length > 1 ? choice(types, []) : { value: binary ? 'application/octet-stream' : types[0] };
	return {
		labels: [type.nodeType ? labelled('content-type', 'header', type) : '', labelled('body', binary ? 'file' : type.nodeType ? 'text' : types[0], input)],
		type: () => type.value,
		value: () => (binary ? input.files[0] : input.value) || null,
	};
}

/* Returns the request that the fields describe. Slashes in a path stay: the last part of some is a path. */
function requestOf(method, path, op, fields, content) {
	const given = fields.filter((f) => f.input.value !== ''), headers = {}, body = content ? content.value() : null;
	const within = path.replace(/\{([^}]+)\}/g, (whole, name) => {
		const f = given.find((one) => one.in === 'path' && one.name === name);
		return f ? encodeURIComponent(f.input.value).replaceAll('%2F', '/') : whole;
	});
	const query = given.filter((f) => f.in === 'query').map((f) => encodeURIComponent(f.name) + '=' + encodeURIComponent(f.input.value)).join('&');
	for (const f of given.filter((one) => one.in === 'header'))
		headers[f.name] = f.input.value;
	if (body)
		headers['Content-Type'] = content.type();
	if ($('token').value && (op.security || []).some((s) => s.bearerAuth))
		headers.Authorization = 'Bearer ' + $('token').value.trim();
	return { method: method.toUpperCase(), within, url: location.origin + within + (query && '?' + query), headers, body };
}

const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

/* Returns the request as a command for a POSIX shell. The token is left to the variable TOKEN: commands are shown, copied and kept in histories. */
function curl({ method, url, headers, body }) {
	return ['curl -i' + (method === 'GET' ? '' : ' -X ' + method), quoted(url),
		...Object.entries(headers).map(([name, value]) => '-H ' + (name === 'Authorization' ? '"Authorization: Bearer $TOKEN"' : quoted(name + ': ' + value))),
		...(body instanceof File ? ['--data-binary ' + quoted('@' + body.name)] : body ? ['--data-raw ' + quoted(body)] : [])].join(' \\\n  ');
}

/* Reads a response, at most SHOWN bytes and a part of it. */
async function contentOf(response) {
	const reader = response.body && response.body.getReader(), parts = [];
	let length = 0, whole = !reader;
	while (!whole && length < SHOWN) {
		const { done, value } = await reader.read();
		whole = done;
		if (!done)
			length += parts.push(value) && value.length;
	}
	if (!whole)
		await reader.cancel();
	return { whole, length, bytes: await new Blob(parts).arrayBuffer() };
}

function readable(type, { whole, length, bytes }, response) {
	const total = !response.headers.has('content-encoding') && Number(response.headers.get('content-length'));
	if (!TEXT.test(type))
		return (type || 'binary') + ', ' + (whole ? size(length) : total ? size(total) : 'more than ' + size(SHOWN));
	const text = new TextDecoder().decode(bytes);
	if (!whole)
		return text + '\n… The rest is not shown.';
	try {
		return type.includes('json') ? JSON.stringify(JSON.parse(text), null, 2) : text;
	} catch {
		return text;
	}
}

/* Sends a request; returns the line about the response and the elements that show it. Redirects are not followed: they lead to other servers. */
async function perform({ method, url, headers, body }) {
	const began = performance.now();
	const response = await fetch(url, { method, headers, body, credentials: 'omit', cache: 'no-store', redirect: 'manual' });
	if (response.type === 'opaqueredirect')
		return ['The response is a redirect, which a browser does not show to pages. The curl command shows it.', []];
	const content = await contentOf(response), took = Math.round(performance.now() - began);
	const shown = content.length ? readable(response.headers.get('content-type') || '', content, response) : '';
	return [['Status ' + response.status, response.statusText].join(' ').trim() + ', ' + took + ' ms', [
		el('h3', {}, 'Headers'), el('pre', {}, [...response.headers].map(([name, value]) => name + ': ' + value).join('\n')),
		el('h3', {}, 'Response'), el('pre', { className: 'content', role: 'group', ariaLabel: 'Response', tabIndex: 0 }, shown || 'No content'),
	]];
}

/* Returns the form of an operation. A request that can change data is sent by a second button: the server may be in production. */
export function attempt(method, path, op) {
	const fields = parameters(op).map(field), content = op.requestBody && bodyField(resolve(op.requestBody).content);
	const sure = el('button', { type: 'button', className: 'sure', hidden: true }), send = el('button', {}, 'Send');
	const said = el('p', { role: 'status' }), command = el('pre'), answer = el('div');
	const form = el('form', { className: 'try', autocomplete: 'off' }, el('div', { className: 'fields' }, ...fields.map((f) => f.label)),
		...(content ? content.labels : []), el('p', { className: 'buttons' }, send, sure), said, answer, el('h3', {}, 'curl'), command);
	const request = () => requestOf(method, path, op, fields, content);
	let busy = false;

	async function go() {
		if (busy)
			return;
		busy = true;
		said.textContent = 'Waiting for the response';
		answer.replaceChildren();
		const [line, nodes] = await perform(request()).catch((error) => ['No response: ' + error.message, []]);
		said.textContent = line;
		answer.replaceChildren(...nodes);
		busy = false;
	}
	const changed = () => {
		sure.hidden = true;
		command.textContent = curl(request());
	};
	form.oninput = changed;
	$('token').addEventListener('input', changed);
	form.onsubmit = (event) => {
		event.preventDefault();
		if (SAFE.includes(method.toUpperCase()))
			return go();
		sure.textContent = 'Send ' + request().method + ' ' + request().within;
		sure.hidden = false;
		said.textContent = 'This request can change data of ' + location.host + '. The second button sends it.';
		answer.replaceChildren();
	};
	sure.onclick = () => {
		send.focus();
		sure.hidden = true;
		go();
	};
	changed();
	return form;
}
