/* The dialog for the audio tracks of a title or an episode: their list, uploads of added ones, and a form that adds a file. */
import { $, arrange, el, hub, notice, offer, say, set } from './dom.js';
import { dismissal, isDismissed, makeNote, stateOf, uploadActions } from './jobs.js';
import { play } from './player.js';
import { server } from './server.js';
import { api } from './session.js';
import { begin, Upload, uploads } from './upload.js';

const PURPOSES = { description: 'audio description', commentary: 'commentary', clear: 'clear speech' };

/* Returns what a track is as one line, such as "en · audio description · stereo". */
export function aboutOf(track) {
	return [track.language === 'und' ? 'unknown language' : track.language, PURPOSES[track.kind], track.channels && (track.channels > 2 ? '5.1' : 'stereo'), track.default && 'default']
		.filter(Boolean).join(' · ');
}

let film = null;		/* { path, id, name, titleId, episodeId } */
let answer = { audio: [], uploads: [] };
let seen = null, loading = false;
let known = false;		/* answer is that for the film */

/* Returns true if an upload of this page, or a job of the server, is for a track of the film. */
const isOf = ({ audio, episodeId, title, titleId }) => Boolean(audio) && (film.episodeId ? episodeId === film.episodeId : !episodeId && (title || titleId) === film.titleId);

/* Runs a step; its error is shown in the dialog. */
async function attempt(step) {
	notice('audio-error', '');
	try {
		await step();
	} catch (error) {
		notice('audio-error', error.message);
	}
}

async function remove(track) {
	if (!confirm('Remove the audio track ' + track.name + '?'))
		return;
	await attempt(async () => {
		await api('DELETE', '/api/admin/audio/' + track.id);
		say(track.name + ' has been removed.');
		await load();
	});
	$('audio-file').focus();
}

function makeTrack() {
	const name = el('bdi', {}), about = el('span', { className: 'job-file' }), notes = el('ul', { className: 'notes' }), actions = el('div', { className: 'job-actions' });
	const node = el('li', { className: 'track' }, el('div', {}, el('p', {}, name, ' ', about), notes), actions);
	node.update = ({ track, place }) => {
		set(name, { textContent: track.name });
		set(about, { textContent: [aboutOf(track), track.origin === 'added' ? 'added' : 'of the film', track.fileName].filter(Boolean).join(' · ') });
		arrange(notes, track.notes.map((text) => ({ key: text, text })), makeNote);
		notes.hidden = !track.notes.length;
		offer(actions, [['Listen', () => play(film.titleId, film.name, film.episodeId, place)], ...(track.origin === 'added' ? [['Remove', () => remove(track)]] : [])], track.name);
	};
	return node;
}

function makeUpload() {
	const file = el('bdi', {}), about = el('span', { className: 'job-file' }), state = el('p', { className: 'job-state' }), bar = el('progress', { max: 100 });
	const actions = el('div', { className: 'job-actions' });
	const node = el('li', { className: 'track' }, el('div', {}, el('p', {}, file, ' ', about), state, bar), actions);
	node.update = ({ upload, job }) => {
		const now = stateOf(upload, job), name = upload ? upload.file.name : job.fileName, { language, purpose } = (upload || job).audio;
		set(file, { textContent: name });
		set(about, { textContent: aboutOf({ language, kind: purpose }) });
		set(state, { textContent: now.text, className: 'job-state ' + (now.kind || '') });
		set(bar, { hidden: now.percent === null, value: now.percent || 0, ariaLabel: name + ': ' + now.text });
		offer(actions, [...uploadActions(upload, job), ...dismissal(upload, job, () => () => $('audio-file').focus())], name);
	};
	return node;
}

/* Draws the tracks and what is under way. The overview knows more of an upload than the last answer. */
function drawAudio() {
	const jobs = new Map([...answer.uploads, ...server.overview.uploads.filter(isOf)].map((job) => [job.id, job]));
	const mine = uploads.filter((u) => isOf(u) && !(u.state === 'sent' && (!jobs.has(u.jobId) || jobs.get(u.jobId).status === 'COMPLETED')));
	const others = answer.uploads.filter((job) => !mine.some((u) => u.jobId === job.id)).map((job) => jobs.get(job.id))
		.filter((job) => !['COMPLETED', 'CANCELED'].includes(job.status) && !isDismissed(job));
	arrange($('audio-list'), answer.audio.map((track, place) => ({ key: track.id || track.kind + ' ' + track.language, track, place })), makeTrack);
	$('audio-none').hidden = answer.audio.length > 0 || !known;
	arrange($('audio-uploads'), [...mine.map((upload) => ({ key: upload.key, upload, job: jobs.get(upload.jobId) })),
		...others.map((job) => ({ key: 'j' + job.id, upload: null, job }))], makeUpload);
	$('audio-uploads').hidden = !$('audio-uploads').children.length;
}

async function load() {
	const wanted = film;
	loading = true;
	try {
		const now = await api('GET', film.path);
		if (film === wanted)
			answer = now;
	} finally {
		loading = false;
	}
	if (film === wanted) {
		known = true;
		drawAudio();
	}
}

/* Draws the dialog when something has changed, and loads the tracks again when the catalogue or an upload for the film has. */
function refresh() {
	if (!$('audio').open)
		return;
	const version = JSON.stringify([server.catalogue, server.overview.uploads.filter(isOf).map((job) => [job.id, job.status, job.state])]);
	drawAudio();
	if (version === seen || loading)
		return;
	load().then(() => {
		seen = version;
	}, (error) => notice('audio-error', error.message));
}

/* Returns what is wrong with the form and the field to correct, or null. */
function wrong({ file, language }) {
	if (!file.files[0])
		return ['Choose a file with sound alone, such as .m4a, .mp3, .flac or .wav.', file];
	if (!language.value.trim())
		return ['Enter the language as a tag, such as en, fr or pt-BR.', language];
	return null;
}

function add(form) {
	const { file, language, purpose } = form.elements, complaint = wrong(form.elements);
	notice('audio-error', complaint ? complaint[0] : '');
	if (complaint) {
		complaint[1].focus();
		return;
	}
	const upload = new Upload(file.files[0], film.name, film.titleId, null);
	upload.audio = { language: language.value.trim(), purpose: purpose.value };
	upload.episodeId = film.episodeId;
	uploads.push(upload);
	form.reset();
	begin();
	drawAudio();
	say(upload.file.name + ' is being uploaded.');
	file.focus();
}

/* Opens the dialog for a film { titleId, episodeId, name }; episodeId is null for the film of a title. */
export async function openAudio({ titleId, episodeId = null, name }) {
	film = { path: '/api/admin/' + (episodeId ? 'episodes/' + episodeId : 'titles/' + titleId) + '/audio', titleId, episodeId, name };
	answer = { audio: [], uploads: [] };
	seen = null;
	known = false;
	notice('audio-error', '');
	$('audio-title').replaceChildren('Audio tracks of ', el('bdi', {}, name));
	$('audio-form').reset();
	drawAudio();
	$('audio').showModal();
	$('audio-file').focus();
	await attempt(load);
}

$('audio-form').addEventListener('submit', (event) => {
	event.preventDefault();
	add(event.target);
});
$('audio-close').addEventListener('click', () => $('audio').close());
hub.addEventListener('draw', refresh);
hub.addEventListener('progress', () => $('audio').open && drawAudio());
hub.addEventListener('discarded', () => $('audio').open && attempt(load));
hub.addEventListener('leave', () => $('audio').close());
