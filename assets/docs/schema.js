/* The OpenAPI document: its references, and its schemas as the shape of the JSON that they describe and as examples. */

export let doc = null;

export const load = (found) => { doc = found; };

const named = (reference) => reference.split('/').slice(1).reduce((at, key) => at[key], doc);

/* Returns what a reference refers to, with its name as ref; anything else unchanged. */
export const resolve = (thing) => thing.$ref ? { ...named(thing.$ref), ...thing, ref: thing.$ref.split('/').pop() } : thing;

/* Returns the shape of a schema as text. Recursive schemas and those below the fifth level are shown by their name. */
export function shape(schema, indent, above) {
	const s = resolve(schema), pad = '  '.repeat(indent);
	if (s.ref && (above.includes(s.ref) || indent > 4))
		return s.ref;
	const inside = s.ref ? [...above, s.ref] : above;
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

/* An example of a text is the first of these that its pattern allows. */
const TEXTS = ['text', '1', 'user@example.com'];

function text(s) {
	if (s.format === 'date-time')
		return '2030-01-01T00:00:00.000Z';
	const found = TEXTS.find((t) => new RegExp(s.pattern || '').test(t)) || '';
	return found.repeat(Math.max(1, Math.ceil((s.minLength || 0) / found.length))).slice(0, s.maxLength);
}

/* Returns an example of a schema: an object has the fields that are required or, if none is, all; of alternatives the first is taken. */
export function example(schema) {
	const s = resolve(schema), type = [].concat(s.type)[0];
	if (s.const !== undefined)
		return s.const;
	if (s.enum)
		return s.enum[0];
	if (s.anyOf || s.oneOf)
		return example((s.anyOf || s.oneOf)[0]);
	if (type === 'object') {
		const keys = s.required || Object.keys(s.properties || {});
		return Object.fromEntries(keys.map((key) => [key, example((s.properties || {})[key] || {})]));
	}
	if (type === 'array')
		return s.items ? Array.from({ length: Math.max(1, s.minItems || 0) }, () => example(s.items)) : [];
	if (type === 'integer' || type === 'number')
		return s.minimum ?? 1;
	return type === 'boolean' ? true : type === 'null' ? null : text(s);
}
