/* Choosing films: by a file dialog or by drop, and the dialog that names them. */
import { $, el, hub, size, tellOf } from './dom.js';
import { lookUp, sameFile, startAdded, uploadOf, uploadsOf } from './known.js';
import { fingerprint, isFileOf } from './resume.js';
import { may, server } from './server.js';
import { signedIn } from './session.js';
import { Upload, uploads } from './upload.js';

const KNOWN = 'known';		/* the choice of a row to do what the file is known for */

let pickFor = null;		/* { title } of the film, null for new titles, or { job } to resume */
let picked = [];		/* { file, print, known } of the rows of the dialog */
let kept = false;		/* the dialog was open when the session ended */

function nameOf(file) {
	return file.name.replace(/\.[^.]+$/, '').replace(/[_.]+/g, ' ').trim() || file.name;
}

/* Returns the movies that may get a film. The chosen one is first if the list does not have it: its page may be open nevertheless. */
function moviesWith(chosen) {
	const movies = server.titles.filter((t) => t.type === 'MOVIE');
	return !chosen || movies.some((t) => t.id === chosen.id) ? movies : [chosen, ...movies];
}

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

function addRow(item, index, chosen) {
	const { file, known } = item, movies = moviesWith(chosen);
	const name = el('input', { name: 'name' + index, value: nameOf(file), required: true, maxLength: 200 });
	const where = el('select', { name: 'where' + index }, known && el('option', { value: KNOWN, selected: true }, known.label),
		el('option', { value: '' }, 'A new title'),
		...movies.map((t) => el('option', { value: t.id, selected: !known && Boolean(chosen) && t.id === chosen.id }, t.name)));
	const nameLabel = el('label', {}, 'Name ', name);
	const live = el('p', { className: 'add-live', role: 'status' });
	const follow = () => {
		nameLabel.hidden = where.value !== '';
		live.textContent = noteOf(where.value === KNOWN ? known.title : movies.find((t) => t.id === where.value));
		live.hidden = !live.textContent;
	};
	where.addEventListener('change', follow);
	follow();
	return el('div', { className: 'add-row' }, el('p', { className: 'add-file' }, el('bdi', {}, file.name), ' · ' + size(file.size)),
		known && el('p', { className: 'add-file' }, known.note), el('label', {}, 'Film of ', where), nameLabel, live);
}

/* Tells which files cannot be uploaded. */
export function complain(files) {
	if (files.length)
		tellOf('pick', files.map((f) => f.name).join(', ') + (files.length > 1 ? ' are' : ' is') + ' empty or a folder and cannot be uploaded.');
}

/* Looks up files for a title or, if it is null, for any. A file that is there twice is known by that. */
async function lookUpAll(files, title) {
	const jobs = await uploadsOf(title && title.id), items = await Promise.all(files.map((file) => lookUp(file, title && { titleId: title.id }, jobs)));
	items.forEach((item, index) => {
		if (items.slice(0, index).some((before) => sameFile(before.file, item.file)))
			item.known = { label: 'Nothing: do not upload it twice', note: 'This file is above already.' };
	});
	return items;
}

async function choose(files, chosen) {
	if (!may('manage'))
		return;
	const good = files.filter((f) => f.size > 0);
	complain(files.filter((f) => f.size === 0));
	if (!good.length || !signedIn())
		return;
	picked = await lookUpAll(good, chosen);
	$('add-rows').replaceChildren(...picked.map((item, index) => addRow(item, index, chosen)));
	if (!signedIn()) {
		kept = true;
		return;
	}
	$('add').showModal();
	const first = $('add-rows').querySelector('label:not([hidden]) input') || $('add-rows').querySelector('select');
	first.focus();
}

/* Returns the choice of a row: { where, name }. */
function choiceOf(index) {
	const { elements } = $('add-form');
	return { where: elements['where' + index].value, name: elements['name' + index].value.trim() || nameOf(picked[index].file) };
}

/* Asks if new titles are to have names that others have. */
function mayRepeat() {
	const names = new Set(server.titles.map((t) => t.name.trim().toLowerCase())), twice = [];
	picked.forEach((item, index) => {
		const { where, name } = choiceOf(index);
		if (where === '' && names.has(name.toLowerCase()))
			twice.push(name);
		if (where === '')
			names.add(name.toLowerCase());
	});
	return !twice.length || confirm('There is a title of this name: ' + twice.join(', ') + '. Create another one?');
}

function submit(event) {
	if (!mayRepeat()) {
		event.preventDefault();
		return;
	}
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
	picked = [];
	$('add-rows').replaceChildren();
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
