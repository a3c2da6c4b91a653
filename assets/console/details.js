/* The form for the details of a title. All changes are saved as one; changes by others meanwhile are shown at their field. */
import { el, say, set } from './dom.js';
import { may } from './server.js';
import { api } from './session.js';
import { addPart, section } from './title.js';

const AGAIN_MAX = 5;		/* others may save as often while this page tries to */

const text = {
	make: (props) => el('input', { autocomplete: 'off', ...props }),
	read: (input) => input.value.trim() || null,
	write: (input, value) => set(input, { value: value === null || value === undefined ? '' : String(value) }),
	shown: (value) => (value === null || value === undefined || value === '' ? 'none' : String(value)),
};
const long = { ...text, make: (props) => el('textarea', { rows: 5, ...props }) };
const list = { ...text,
	read: (input) => input.value.split(',').map((word) => word.trim()).filter(Boolean),
	write: (input, value) => set(input, { value: (value || []).join(', ') }),
	shown: (value) => (value || []).join(', ') || 'none' };
const lines = { ...list,		/* an entry may have a comma */
	make: (props) => el('textarea', { rows: 3, ...props }),
	read: (input) => input.value.split('\n').map((line) => line.trim()).filter(Boolean),
	write: (input, value) => set(input, { value: (value || []).join('\n') }) };
const codes = { ...list, read: (input) => list.read(input).map((code) => code.toUpperCase()) };
const number = { ...text, make: (props) => text.make({ inputMode: 'numeric', ...props }) };
const date = { ...text, make: (props) => el('input', { type: 'date', ...props }), write: (input, value) => { input.value = value ? value.slice(0, 10) : ''; },
	shown: (value) => (value ? value.slice(0, 10) : 'none') };
const flag = { make: (props) => el('input', { type: 'checkbox', ...props }), read: (input) => input.checked, write: (input, value) => set(input, { checked: value === true }),
	shown: (value) => (value ? 'yes' : 'no') };

/* name as in the API; wrong: what to do if the API refuses the value. */
const FIELDS = [
	{ name: 'name', label: 'Name', kind: { ...text, read: (input) => input.value.trim() }, wide: true },
	{ name: 'description', label: 'Synopsis', kind: long, wide: true },
	{ name: 'genres', label: 'Genres', hint: 'one in each line', kind: lines },
	{ name: 'language', label: 'Language', hint: 'such as en or yo', kind: text },
	{ name: 'maturityRating', label: 'Rating', hint: 'such as PG or 18+', kind: text },
	{ name: 'countryAvailability', label: 'Countries', hint: 'codes such as NG, GH; none: all countries', kind: codes, wrong: 'Enter codes of two letters, separated by commas.' },
	{ name: 'releaseDate', label: 'Release date', kind: date, wrong: 'Enter a date between the years 1 and 9999.' },
	{ name: 'cast', label: 'Cast', hint: 'one in each line', kind: lines },
	{ name: 'isPpv', label: 'Sold as pay per view', kind: flag },
	{ name: 'ppvPriceNaira', label: 'Price in naira', kind: number, wrong: 'Enter a whole number, such as 1500.' },
];

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/* Returns the value of the server as the form would write it: only then can the two be compared. */
function asRead(field, value) {
	const probe = field.kind.make({});
	field.kind.write(probe, value);
	return field.kind.read(probe);
}

let form = null;		/* the form of the page that is shown: { base: its title as stored, seen: the title of the page that was taken over last, fields, ... } */

const mine = (entry) => entry.field.kind.read(entry.input);
const partial = (entry) => entry.input.validity.badInput;		/* a date without a year reads as none */
const dirty = (entry) => partial(entry) || !same(mine(entry), asRead(entry.field, form.base[entry.field.name]));

/* Returns if a title has another value of a field than the one that was taken over last. */
const changed = ({ field }, title) => !same(asRead(field, title[field.name]), asRead(field, form.base[field.name]));

function note(entry, words, action) {
	entry.note.replaceChildren(...(words ? [el('span', {}, words)] : []), ...(action ? [action] : []));
	entry.note.hidden = !words;
	entry.input.setAttribute('aria-invalid', String(Boolean(words)));
}

/* Tells that another person has changed a field that is being edited. */
function noteConflict(entry, value) {
	const { field } = entry, take = el('button', { type: 'button' }, 'Take it');
	take.onclick = () => {
		field.kind.write(entry.input, value);
		note(entry, '');
		entry.input.focus();
		drawButtons();
	};
	note(entry, 'Somebody else has changed this to: ' + field.kind.shown(value) + '. Saving replaces it.', take);
}

/* Takes over what the server has, except for fields that are being edited. Returns the number of fields that both have changed. */
function merge(title) {
	let conflicts = 0;
	form.fields.forEach((entry) => {
		const { field } = entry, value = title[field.name];
		if (!dirty(entry)) {
			if (changed(entry, title))		/* else what is being typed, such as a comma, would go */
				field.kind.write(entry.input, value);
			note(entry, '');
		} else if (changed(entry, title) && !same(asRead(field, value), mine(entry))) {
			noteConflict(entry, value);
			conflicts++;
		}
	});
	form.base = form.seen = title;
	drawButtons();
	return conflicts;
}

function drawButtons() {
	const edited = form.fields.filter(dirty).length;
	set(form.save, { disabled: form.saving || !edited });
	set(form.undo, { hidden: !edited || form.saving });
	set(form.count, { textContent: edited ? edited + (edited === 1 ? ' change' : ' changes') + ' not saved' : '' });
}

function tellError(words) {
	set(form.error, { hidden: !words, textContent: words });
}

/* Shows an error of the API at the field that it names. */
function refuse(error) {
	const name = /^Invalid (\w+)$/.exec(error.message), entry = name && form.fields.find((e) => e.field.name === name[1]);
	if (!entry) {
		tellError('Not saved: ' + error.message);
		form.save.focus();
		return;
	}
	tellError('Nothing has been saved: ' + entry.field.label + ' is not valid.');
	note(entry, entry.field.wrong || 'This value is not valid.');
	entry.input.focus();
}

/* Sends the changes. If somebody has saved meanwhile, sends them again unless both have changed the same field. Returns those that are saved, or null. */
async function send(page) {
	for (let attempt = 1; ; attempt++) {
		const sent = form.fields.filter((entry) => dirty(entry) && !partial(entry)).map((entry) => ({ entry, value: mine(entry), typed: entry.input.value }));
		const body = Object.fromEntries(sent.map(({ entry, value }) => [entry.field.name, value]));
		try {
			await api('PATCH', '/api/admin/titles/' + page.id, { ...body, expectedUpdatedAt: form.base.updatedAt });
			return { sent, body };
		} catch (error) {
			if (error.status !== 409 || attempt === AGAIN_MAX)
				throw error;
			if (merge((await api('GET', '/api/admin/titles/' + page.id)).title)) {
				tellError('Not saved: somebody else has changed the same. Compare, and save again.');
				form.fields.find((entry) => !entry.note.hidden).input.focus();
				return null;
			}
		}
	}
}

/* Shows the changes that were saved as the server has stored them. What was typed meanwhile is still to be saved. */
async function settle(page, { sent, body }) {
	const was = form, before = page.title;
	form.base = { ...form.base, ...body };
	form.fields.forEach((entry) => note(entry, ''));
	say(form.base.name + ' has been saved.');
	set(form.done, { hidden: form.fields.some(dirty) });
	await page.reload();
	if (form !== was)
		return;
	form.seen = page.title;
	if (page.title !== before)		/* else it could not be loaded */
		merge(page.title);
	sent.filter(({ entry, typed }) => !dirty(entry) && entry.input.value === typed).forEach(({ entry }) => entry.field.kind.write(entry.input, form.base[entry.field.name]));
}

/* Returns the first field that cannot be sent, with a note at it, or undefined. */
function incomplete() {
	const [name] = form.fields, entry = mine(name) ? form.fields.find(partial) : name;
	if (entry)
		note(entry, entry === name ? 'Enter a name.' : 'Enter a whole date.');
	return entry;
}

async function save(page) {
	const was = form, wrong = incomplete();
	tellError('');
	if (wrong) {
		wrong.input.focus();
		return;
	}
	form.saving = true;
	drawButtons();
	try {
		const saved = await send(page);
		if (saved && form === was)
			await settle(page, saved);
	} catch (error) {
		if (form === was)
			refuse(error);
	}
	was.saving = false;
	if (form === was)
		drawButtons();
}

function makeField(field) {
	const id = 'field-' + field.name, input = field.kind.make({ id, name: field.name });
	const hint = field.hint ? el('span', { className: 'hint' }, ' (' + field.hint + ')') : null;
	const remark = el('p', { className: 'field-note', id: id + '-note', role: 'status', hidden: true });
	const label = el('label', { htmlFor: id }, field.label, hint), node = el('div', { className: 'field' + (field.wide ? ' wide-field' : '') });
	input.setAttribute('aria-describedby', remark.id);
	node.append(...(field.kind === flag ? [input, label] : [label, input]), remark);
	node.classList.toggle('flag', field.kind === flag);
	return { field, input, note: remark, node };
}

function makeForm(page) {
	const fields = FIELDS.map(makeField), error = el('p', { className: 'notice bad', role: 'alert', hidden: true });
	const save_ = el('button', { type: 'submit', className: 'primary' }, 'Save'), undo = el('button', { type: 'button', className: 'quiet' }, 'Undo the changes');
	const count = el('span', { className: 'hint' }), done = el('span', { className: 'saved', hidden: true }, 'Saved');
	const node = el('form', { className: 'details', noValidate: true }, ...fields.map((f) => f.node), error,
		el('p', { className: 'actions wide-field' }, done, count, undo, save_));
	form = { base: page.title, seen: page.title, fields, error, save: save_, undo, count, done, saving: false };
	fields.forEach((entry) => entry.field.kind.write(entry.input, page.title[entry.field.name]));
	node.addEventListener('input', (event) => {
		const entry = fields.find((f) => f.input === event.target);
		set(done, { hidden: true });
		if (entry && !dirty(entry))
			note(entry, '');
		drawButtons();
	});
	node.addEventListener('keyup', drawButtons);		/* a part of a date is no input event */
	node.addEventListener('submit', (event) => {
		event.preventDefault();
		if (!form.saving && fields.some(dirty))
			save(page);
	});
	undo.addEventListener('click', () => {
		fields.forEach((entry) => {
			entry.field.kind.write(entry.input, form.base[entry.field.name]);
			note(entry, '');
		});
		tellError('');
		drawButtons();
		fields[0].input.focus();
	});
	drawButtons();
	return node;
}

/* The details for a role that may not change them. */
function makeList() {
	const node = el('dl', { className: 'facts' });
	node.update = ({ title }) => node.replaceChildren(...FIELDS.map((field) => el('div', {}, el('dt', {}, field.label), el('dd', {}, field.kind.shown(title[field.name])))));
	return node;
}

addPart(20, (page) => {
	const facts = makeList(), holder = el('div', {}), node = section('Details', holder);
	let edited = null;
	form = null;
	node.update = (now) => {
		if (edited !== may('manage')) {
			edited = may('manage');
			holder.replaceChildren(edited ? makeForm(now) : facts);
		}
		if (!edited)
			facts.update(now);
		else if (now.title !== form.seen && !form.saving)
			merge(now.title);
	};
	return node;
}, () => Boolean(form) && form.fields.some(dirty));
