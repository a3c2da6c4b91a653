/* Choosing films: by a file dialog or by drop, and the dialog that names them. */
import { $, el, hub, say, size, tellOf } from './dom.js';
import { lookUp, sameFile, startAdded, uploadOf, uploadsOf } from './known.js';
import { fingerprint, isFileOf } from './resume.js';
import { may, server } from './server.js';
import { api, session, signedIn } from './session.js';
import { Upload, uploads } from './upload.js';

const KNOWN = 'known';		/* the choice of a row to do what the file is known for */
const MOVIES_MAX = 100;		/* titles in the list of a row */
const FIND_MS = 150;		/* from the last key to the request */

let pickFor = null;		/* { title } of the film, null for new titles, or { job } to resume */
let picked = [];		/* { file, print, known } of the rows of the dialog */
let kept = false;		/* the dialog was open when the session ended */
let asking = false;		/* the names of the dialog are being compared with those of the server */
let finding = null;
let finds = 0;

function nameOf(file) {
	return file.name.replace(/\.[^.]+$/, '').replace(/[_.]+/g, ' ').trim() || file.name;
}

/* Resolves to the titles of the server whose names contain a text; without the server, to those of this page. more are further query parameters. */
function titlesNamed(text, more) {
	return api('GET', '/api/admin/titles?' + new URLSearchParams({ ...more, ...(text && { q: text }) })).then((answer) => answer.titles,
		() => server.titles.filter((t) => t.name.toLowerCase().includes(text.toLowerCase())));
}

/* Resolves to the newest movies whose names contain a text. */
const moviesNamed = async (text) => (await titlesNamed(text, { type: 'MOVIE', limit: MOVIES_MAX })).filter((t) => t.type === 'MOVIE');

/* Returns movies with the chosen one, which is first if they do not have it. */
const moviesWith = (chosen, movies) => (!chosen || movies.some((t) => t.id === chosen.id) ? movies : [chosen, ...movies]);

/* Returns what happens if something that viewers may see gets a film. plays tells if they can play one already. */
export function liveNote(name, plays) {
	return name + ' is published. ' + (plays ? 'The new film replaces the present one for viewers' : 'Viewers can play the film') +
		' as soon as it has been transcoded.';
}

/* Returns the note for a title, or '' if viewers do not see it. */
function noteOf(title) {
	if (!title || title.archived || title.pendingReview)
		return '';
	return liveNote(title.name, server.overview.ready[title.id] || (title.assetVersions || []).some((v) => v.status === 'READY'));
}

/* Learns if a title that the overview does not have can be played. Resolves to true if that is news. */
async function learn(title) {
	if (!title || title.assetVersions || server.overview.ready[title.id] || server.titles.some((t) => t.id === title.id))
		return false;
	title.assetVersions = await api('GET', '/api/admin/titles/' + title.id).then((answer) => answer.title.assetVersions, () => []);
	return true;
}

function addRow(item, index, chosen, found) {
	const { file, known } = item;
	let movies = [];
	const name = el('input', { name: 'name' + index, value: nameOf(file), required: true, maxLength: 200 });
	const where = el('select', { name: 'where' + index }, known && el('option', { value: KNOWN, selected: true }, known.label),
		el('option', { value: '' }, 'A new title'));
	const nameLabel = el('label', {}, 'Name ', name);
	const live = el('p', { className: 'add-live', role: 'status' });
	const follow = async () => {
		const title = where.value === KNOWN ? known.title : movies.find((t) => t.id === where.value);
		nameLabel.hidden = where.value !== '';
		live.textContent = noteOf(title);
		live.hidden = !live.textContent;
		if (live.textContent && await learn(title))
			follow();
	};
	const node = el('div', { className: 'add-row' }, el('p', { className: 'add-file' }, el('bdi', {}, file.name), ' · ' + size(file.size)),
		known && el('p', { className: 'add-file' }, known.note), el('label', {}, 'Film of ', where), nameLabel, live);
	/* Offers movies beside the one that is chosen. */
	node.update = (others, now = movies.find((t) => t.id === where.value)) => {
		const value = now && where.value !== KNOWN ? now.id : where.value;
		movies = moviesWith(now, others);
		[...where.options].filter((option) => option.value && option.value !== KNOWN).forEach((option) => option.remove());
		where.append(...movies.map((t) => el('option', { value: t.id }, t.name)));
		where.value = value;
		follow();
	};
	where.addEventListener('change', follow);
	node.update(found, chosen);
	return node;
}

/* Offers the movies in whose names the text of the search is. */
async function find() {
	const turn = ++finds, movies = await moviesNamed($('add-find').value.trim());
	if (turn !== finds || !$('add').open)
		return;
	[...$('add-rows').children].forEach((row) => row.update(movies));
	say(movies.length === MOVIES_MAX ? 'More than ' + (MOVIES_MAX - 1) + ' titles match.' : movies.length + (movies.length === 1 ? ' title matches.' : ' titles match.'));
}

/* Tells which files cannot be uploaded. */
export function complain(files) {
	if (files.length)
		tellOf('pick', files.map((f) => f.name).join(', ') + (files.length > 1 ? ' are' : ' is') + ' empty or a folder and cannot be uploaded.');
}

/* Looks up files for a title or, if it is null, for any. */
async function lookUpAll(files, title) {
	const jobs = await uploadsOf(title && title.id);
	return Promise.all(files.map((file) => lookUp(file, title && { titleId: title.id }, jobs)));
}

/* Adds an item to the rows of the dialog. A file that is there already is known by that. */
function addItem(item, chosen, movies) {
	if (picked.some((before) => sameFile(before.file, item.file)))
		item.known = { label: 'Nothing: do not upload it twice', note: 'This file is above already.' };
	$('add-rows').append(addRow(item, picked.length, chosen, movies));
	picked.push(item);
}

function empty() {
	picked = [];
	$('add-find').value = '';
	$('add-rows').replaceChildren();
}

async function choose(files, chosen) {
	if (!may('manage'))
		return;
	const good = files.filter((f) => f.size > 0);
	complain(files.filter((f) => f.size === 0));
	if (!good.length || !signedIn())
		return;
	const { user } = session.load(), [items, movies] = await Promise.all([lookUpAll(good, chosen), moviesNamed('')]);
	if (signedIn() && session.load().user !== user)		/* another person has signed in meanwhile */
		return;
	if (!$('add').open)		/* else they come after those that are there */
		empty();
	const { length } = picked;
	$('add-find-label').hidden = movies.length < MOVIES_MAX;
	items.forEach((item) => addItem(item, chosen, movies));
	if (!signedIn()) {
		kept = true;
		return;
	}
	if (!$('add').open)
		$('add').showModal();
	const row = $('add-rows').children[length], first = row.querySelector('label:not([hidden]) input') || row.querySelector('select');
	first.focus();
}

/* Returns the choice of a row: { where, name }. */
function choiceOf(index) {
	const { elements } = $('add-form');
	return { where: elements['where' + index].value, name: elements['name' + index].value.trim() || nameOf(picked[index].file) };
}

/* Asks if new titles are to have names that others have. */
async function mayRepeat() {
	const names = picked.map((item, index) => choiceOf(index)).filter(({ where }) => where === '').map(({ name }) => name);
	const same = (name) => (other) => other.trim().toLowerCase() === name.toLowerCase();
	const known = await Promise.all(names.map(async (name) => (await titlesNamed(name)).some((t) => same(name)(t.name))));
	const twice = names.filter((name, index) => known[index] || names.slice(0, index).some(same(name)));
	return !twice.length || confirm('There is a title of this name: ' + twice.join(', ') + '. Create another one?');
}

async function submit(event) {
	const items = picked;
	event.preventDefault();
	if (asking)
		return;
	asking = true;
	const sure = await mayRepeat().finally(() => { asking = false; });
	if (!sure || picked !== items || !$('add').open)		/* it may have been closed meanwhile, or another person has signed in */
		return;
	$('add').close();
	const added = picked.filter((item, index) => choiceOf(index).where !== KNOWN || item.known.resume), resumed = [];
	picked.forEach((item, index) => {
		const { where, name } = choiceOf(index);
		if (where === KNOWN && item.known.resume)
			resumed.push(item.known.resume());
		else if (where !== KNOWN)
			uploads.push(Object.assign(new Upload(item.file, name, where || null, null), { print: item.print }));
	});
	picked = [];
	startAdded(added.length > 1 ? added.length + ' films' : added.length && added[0].file.name, resumed.length === added.length);
}

/* Goes on with an upload of the server, if this is its file. */
async function resume(job, file) {
	const print = file && await fingerprint(file).catch(() => null);
	if (!file)
		return;
	if (!isFileOf(job, file, print)) {
		tellOf('resume ' + job.id, file.name + ' is another file than the one of this upload (' + job.fileName + ', ' + size(job.bytesTotal) + ').');
		return;
	}
	tellOf('resume ' + job.id, '');
	uploads.push(uploadOf(job, file, print));
	startAdded(file.name, true);
}

/* Asks for files for a title, or for new titles if it is null. */
export function pickFiles(title) {
	pickFor = title && { title };
	$('pick').click();
}

/* Asks for the file of an unfinished upload. */
export function pickToResume(job) {
	pickFor = { job };
	$('pick').click();
}

$('add-form').addEventListener('submit', submit);
$('add-cancel').addEventListener('click', () => $('add').close());
$('add-find').addEventListener('input', () => {
	clearTimeout(finding);
	finding = setTimeout(find, FIND_MS);
});
$('add-find').addEventListener('keydown', (event) => {
	if (event.key === 'Enter')
		event.preventDefault();		/* it finds, and does not upload */
});
$('drop').addEventListener('click', () => pickFiles(null));
$('pick').addEventListener('change', () => {
	const files = [...$('pick').files];
	$('pick').value = '';
	if (pickFor && pickFor.job)
		resume(pickFor.job, files[0]);
	else
		choose(files, pickFor && pickFor.title);
});
hub.addEventListener('draw', () => { $('add-section').hidden = !may('manage'); });
hub.addEventListener('leave', () => { kept = $('add').open; });
hub.addEventListener('gone', () => {
	kept = false;
	empty();
});
hub.addEventListener('enter', () => {
	if (kept && picked.length)
		$('add').showModal();
	kept = false;
});
for (const type of ['dragenter', 'dragover']) {
	document.addEventListener(type, (event) => {
		if (![...event.dataTransfer.types].includes('Files'))
			return;
		event.preventDefault();
		$('drop').classList.add('over');
	});
}
document.addEventListener('dragleave', (event) => {
	if (!event.relatedTarget)
		$('drop').classList.remove('over');
});
document.addEventListener('drop', (event) => {
	event.preventDefault();
	$('drop').classList.remove('over');
	choose([...event.dataTransfer.files], null);
});
