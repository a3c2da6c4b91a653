/* The dialog for the subtitles and captions of a title or an episode: their list, and a form that adds a file. */
import { $, arrange, el, hub, notice, offer, say, set } from './dom.js';
import { api } from './session.js';

const FILE_MAX = 2 << 20;		/* bytes of a file that the server takes */

let film = null;		/* { path } of the routes for its text */

const languageName = (tag) => {
	try {
		return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) || tag;
	} catch {
		return tag;
	}
};

const nameOf = (track) => (track.label || languageName(track.language)) + ' (' + track.language + ')';

function aboutOf(track) {
	return [track.kind, track.forced && 'forced', track.origin === 'embedded' ? 'of the film' : 'added'].filter(Boolean).join(' · ');
}

async function remove(track) {
	if (!confirm('Delete ' + nameOf(track) + ', ' + track.kind + '?'))
		return;
	await attempt(async () => {
		await api('DELETE', '/api/admin/text/' + track.id);
		say(nameOf(track) + ' has been deleted.');
		await load();
	});
	$('text-file').focus();
}

function makeTrack() {
	const name = el('span', {}), about = el('span', { className: 'job-file' }), actions = el('div', { className: 'job-actions' });
	const node = el('li', { className: 'track' }, el('p', {}, name, about), actions);
	node.update = ({ track }) => {
		set(name, { textContent: nameOf(track) });
		set(about, { textContent: aboutOf(track) });
		offer(actions, [['Delete', () => remove(track)]], nameOf(track));
	};
	return node;
}

/* Runs a step; its error is shown in the dialog. Returns whether it succeeded. */
async function attempt(step) {
	notice('text-error', '');
	try {
		await step();
		return true;
	} catch (error) {
		notice('text-error', error.message);
		return false;
	}
}

async function load() {
	const wanted = film, { text } = await api('GET', film.path);
	if (film !== wanted)
		return;
	arrange($('text-list'), text.map((track) => ({ key: track.id, track })), makeTrack);
	$('text-none').hidden = text.length > 0;
}

/* "Film.pt-BR.srt" as pt-BR; '' without a tag. */
function languageOf(fileName) {
	const found = /\.([a-z]{2,3}(?:-[a-z0-9]{2,8})*)\.(?:vtt|srt)$/i.exec(fileName);
	return found ? found[1] : '';
}

/* Returns what is wrong with the form and the field to correct, or null. */
function wrong(form, file) {
	if (!file)
		return ['Choose a file with subtitles (.vtt or .srt).', form.elements.file];
	if (file.size > FILE_MAX)
		return [file.name + ' has more than 2 MB.', form.elements.file];
	if (!form.elements.language.value.trim())
		return ['Enter the language as a tag, such as en, fr or pt-BR.', form.elements.language];
	return null;
}

async function add(form) {
	const file = form.elements.file.files[0], complaint = wrong(form, file);
	if (complaint) {
		notice('text-error', complaint[0]);
		complaint[1].focus();
		return;
	}
	const query = new URLSearchParams({ language: form.elements.language.value.trim(), kind: form.elements.kind.value, label: form.elements.label.value.trim() });
	const type = /\.srt$/i.test(file.name) ? 'application/x-subrip' : 'text/vtt', button = form.querySelector('button.primary');
	button.disabled = true;
	const fine = await attempt(async () => {
		await api('POST', film.path + '?' + query, new Blob([file], { type }));
		say(file.name + ' has been added.');
		form.reset();
		await load();
	});
	button.disabled = false;
	(fine ? form.elements.file : form.elements.language).focus();
}

/* Opens the dialog for an owner { id, name }. kind is that of its routes: titles or episodes. */
export async function openTexts({ id, name }, kind = 'titles') {
	film = { path: '/api/admin/' + kind + '/' + id + '/text' };
	$('text-title').replaceChildren('Subtitles of ', el('bdi', {}, name));
	$('text-list').replaceChildren();
	$('text-none').hidden = true;
	$('text-form').reset();
	$('text').showModal();
	$('text-file').focus();
	await attempt(load);
}

$('text-file').addEventListener('change', () => {
	const file = $('text-file').files[0], { language } = $('text-form').elements;
	language.value = (file && languageOf(file.name)) || language.value;
});
$('text-form').addEventListener('submit', (event) => {
	event.preventDefault();
	add(event.target);
});
$('text-close').addEventListener('click', () => $('text').close());
hub.addEventListener('leave', () => $('text').close());
