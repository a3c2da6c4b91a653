/* Choosing films: by a file dialog or by drop, and the dialog that names them. */
import { $, el, hub, say, size, tell, tellOf } from './dom.js';
import { fingerprint, isFileOf, resumable } from './resume.js';
import { may, server } from './server.js';
import { signedIn } from './session.js';
import { begin, Upload, uploads } from './upload.js';

let pickFor = null;		/* { title } of the film, null for new titles, or { job } to resume */
let picked = [];		/* { file, print } of the rows of the dialog */
let kept = false;		/* the dialog was open when the session ended */

function nameOf(file) {
	return file.name.replace(/\.[^.]+$/, '').replace(/[_.]+/g, ' ').trim() || file.name;
}

/* Returns the first choice for a file that was seen before, as [value, label, note], or null. */
function knownAs({ file, print }) {
	const here = uploads.find((u) => u.file.name === file.name && u.file.size === file.size && u.file.lastModified === file.lastModified && u.state !== 'sent');
	const before = resumable(file, print);
	const there = server.overview.uploads.find((job) => ['PROCESSING', 'COMPLETED'].includes(job.status) && isFileOf(job, file, print));
	if (here)
		return ['skip', 'Nothing: leave it as it is', 'This file is in the list of uploads already.'];
	if (before)
		return ['resume:' + before.id, 'Resume the upload of ' + (before.titleName || before.fileName), size(before.bytesUploaded) + ' of it have arrived before.'];
	if (there)
		return ['skip', 'Nothing: do not upload it again', 'This file was uploaded before, as ' + (there.titleName || there.fileName) + '.'];
	return null;
}

/* Returns the movies that may get a film. The chosen one is first if the list does not have it: its page may be open nevertheless. */
function moviesWith(chosen) {
	const movies = server.titles.filter((t) => t.type === 'MOVIE');
	return !chosen || movies.some((t) => t.id === chosen.id) ? movies : [chosen, ...movies];
}

/* Returns what happens if a title gets a film that viewers may see, or ''. */
function liveNote(title) {
	if (!title || title.archived || title.pendingReview)
		return '';
	const plays = server.overview.ready[title.id] || (title.assetVersions || []).some((v) => v.status === 'READY');
	return title.name + ' is published. ' + (plays ? 'The new film replaces the present one for viewers' : 'Viewers can play the film') +
		' as soon as it has been transcoded.';
}

function addRow(item, index, chosen) {
	const { file } = item, known = chosen ? null : knownAs(item), movies = moviesWith(chosen);
	const name = el('input', { name: 'name' + index, value: nameOf(file), required: true, maxLength: 200 });
	const where = el('select', { name: 'where' + index }, known && el('option', { value: known[0], selected: true }, known[1]),
		el('option', { value: '' }, 'A new title'),
		...movies.map((t) => el('option', { value: t.id, selected: Boolean(chosen) && t.id === chosen.id }, t.name)));
	const nameLabel = el('label', {}, 'Name ', name);
	const live = el('p', { className: 'add-live', role: 'status' });
	const follow = () => {
		nameLabel.hidden = where.value !== '';
		live.textContent = liveNote(movies.find((t) => t.id === where.value));
		live.hidden = !live.textContent;
	};
	where.addEventListener('change', follow);
	follow();
	return el('div', { className: 'add-row' }, el('p', { className: 'add-file' }, el('bdi', {}, file.name), ' · ' + size(file.size)),
		known && el('p', { className: 'add-file' }, known[2]), el('label', {}, 'Film of ', where), nameLabel, live);
}

function complain(files) {
	if (files.length)
		tellOf('pick', files.map((f) => f.name).join(', ') + (files.length > 1 ? ' are' : ' is') + ' empty or a folder and cannot be uploaded.');
}

async function choose(files, chosen) {
	if (!may('manage'))
		return;
	const good = files.filter((f) => f.size > 0);
	complain(files.filter((f) => f.size === 0));
	if (!good.length || !signedIn())
		return;
	picked = await Promise.all(good.map(async (file) => ({ file, print: await fingerprint(file).catch(() => null) })));
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
	const added = [];
	picked.forEach(({ file, print }, index) => {
		const { where, name } = choiceOf(index), resumed = where.startsWith('resume:') ? where.slice(7) : null;
		if (where !== 'skip')
			added.push(Object.assign(new Upload(file, name, resumed ? null : where || null, resumed), { print }));
	});
	picked = [];
	uploads.push(...added);
	begin();
	tell('draw');
	if (added.length)
		say(added.length === 1 ? 'The upload of ' + added[0].file.name + ' begins.' : 'The upload of ' + added.length + ' films begins.');
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
	uploads.push(Object.assign(new Upload(file, job.episodeName || job.titleName || nameOf(file), job.titleId, job.id), { print, episodeId: job.episodeId }));
	begin();
	tell('draw');
	say('The upload of ' + file.name + ' goes on.');
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
