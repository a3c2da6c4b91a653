/* The list of uploads and transcode jobs. */
import { $, arrange, el, focusRow, hub, notice, offer, ORDER, RENDITIONS, say, set, size, tell, tellOf } from './dom.js';
import { pickToResume } from './pick.js';
import { play } from './player.js';
import { liveWhere, unfinished } from './resume.js';
import { active, may, server, watchNow } from './server.js';
import { api, session } from './session.js';
import { publish } from './titles.js';
import { discard, uploads } from './upload.js';

const DISMISSED_MAX = 500;
let dismissed = new Set();		/* ids of uploads; kept in this browser for each person */
let drawing = false;
let shown = [];		/* { upload, job } of each row */

function drawSoon() {
	if (drawing)
		return;
	drawing = true;
	requestAnimationFrame(() => {
		drawing = false;
		drawJobs();
	});
}

export function rungs(job) {
	const all = job && (job.status === 'PROCESSING' || job.status === 'COMPLETED') ? job.renditions : {};
	return ORDER.filter((r) => r in all).map((r) => ({
		key: r, label: RENDITIONS[r], percent: job.status === 'COMPLETED' ? 100 : Math.min(100, Math.floor(all[r])) }));
}

export function makeRung(item) {
	const output = el('output', {}), bar = el('progress', { max: 100, ariaLabel: item.label });
	const node = el('li', { className: 'rung' }, el('span', {}, item.label), output, bar);
	node.update = (now) => {
		set(output, { textContent: now.percent + ' %' });
		set(bar, { value: now.percent, className: now.percent === 100 ? 'done' : '' });
	};
	return node;
}

/* A note: something was left out of a film or repaired in it. */
export function makeNote(item) {
	const node = el('li', { textContent: item.text });
	node.update = () => {};
	return node;
}

/* An upload that was begun before this page was loaded, or by somebody else. */
function unfinishedState(job) {
	const where = liveWhere(job), arrived = size(job.bytesUploaded) + (job.bytesTotal ? ' of ' + size(job.bytesTotal) : '');
	if (where)
		return { text: 'Uploading in another ' + (where === 'tab' ? 'tab' : 'browser') + ' · ' + arrived, percent: null };
	return { text: (job.status === 'FAILED' ? 'Upload failed: ' + (job.error || 'unknown error') + '. ' : '') + 'Not finished · ' + arrived +
		'. Resume it with the same file.', percent: null, kind: 'bad' };
}

/* Completes a sentence with a time: " at 12:40", or " soon". */
function soon(iso) {
	return Date.parse(iso) > Date.now() ? ' at ' + new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' }) + '.' : ' soon.';
}

/* Returns the state of a film as one line. percent is null if there is no progress to show. */
export function stateOf(upload, job) {
	if (upload && upload.state === 'waiting')
		return { text: 'Waiting to upload', percent: null };
	if (upload && upload.trouble && upload.busy())
		return { text: upload.percent() + ' % has arrived. ' + upload.trouble + ' The upload goes on by itself.', percent: upload.percent(), kind: 'bad' };
	if (upload && upload.state === 'uploading')
		return { text: 'Uploading · ' + upload.percent() + ' % of ' + size(upload.file.size), percent: upload.percent() };
	if (upload && upload.state === 'finishing')
		return { text: 'Completing the upload', percent: 100 };
	if (upload && upload.state === 'canceled')
		return { text: 'Stopped · ' + upload.percent() + ' % of ' + size(upload.file.size) + ' has arrived', percent: null };
	if (upload && upload.state === 'failed')
		return { text: 'Upload failed: ' + upload.error, percent: null, kind: 'bad' };
	if (!job || (upload && unfinished(job)))		/* the last answer is older than the completion */
		return { text: 'Uploaded', percent: null };
	if (job.status === 'COMPLETED')
		return { text: job.audio ? 'Added to the film' : 'Ready to play', percent: 100, kind: 'good' };
	if (job.status === 'CANCELED')
		return { text: 'Canceled. It cannot be resumed.', percent: null };
	if (unfinished(job))
		return unfinishedState(job);
	if (job.status === 'FAILED')
		return { text: 'Failed: ' + (job.error || 'unknown error'), percent: null, kind: 'bad' };
	if (job.state === 'running' && typeof job.percent === 'number')
		return { text: 'Transcoding · ' + Math.floor(job.percent) + ' %', percent: job.percent };
	if (job.state === 'running')
		return { text: 'Transcoding', percent: 0 };
	if (job.attempts && job.attemptError)
		return { text: 'Attempt ' + job.attempts + ' of ' + job.maxAttempts + ' failed: ' + job.attemptError + ' Tried again' + soon(job.nextAttemptAt), percent: null, kind: 'bad' };
	return { text: 'Waiting to be transcoded', percent: 0 };
}

/* Returns true if what has arrived of an upload can be deleted. */
const discardable = (upload, job) => Boolean(upload ? upload.jobId && ['failed', 'canceled'].includes(upload.state) :
	unfinished(job) && !liveWhere(job) && may('manage'));

/* Returns the buttons that stop an upload, make it or its transcode job go on, or discard it. */
export function uploadActions(upload, job) {
	const buttons = [];
	if (upload && upload.busy() && upload.state !== 'finishing')
		buttons.push(['Stop', () => upload.cancel()]);
	if (upload && (upload.state === 'failed' || upload.state === 'canceled'))
		buttons.push([upload.state === 'failed' ? 'Try again' : 'Resume', () => upload.again(), true]);
	if (!upload && unfinished(job) && !liveWhere(job) && may('manage'))
		buttons.push(['Resume', () => pickToResume(job), true]);
	if (job && job.status === 'FAILED' && job.state === 'failed' && may('manage'))
		buttons.push(['Retry', () => retry(job), true]);
	if (discardable(upload, job))
		buttons.push(['Discard', () => discardAsked(upload, job)]);
	return buttons;
}

function actionsOf(upload, job) {
	const buttons = [], done = job && job.status === 'COMPLETED' && !job.audio;		/* an audio track is played in its dialog */
	if (done && job.episodeId) {
		buttons.push(['Play', () => play(job.titleId, job.episodeName, job.episodeId), true]);
	} else if (done && server.overview.ready[job.titleId]) {
		buttons.push(['Play', () => play(job.titleId, job.titleName), true]);
		if (!job.published && may('manage'))
			buttons.push(['Publish', () => publish(job.titleId, job.titleName)]);
	}
	return [...buttons, ...uploadActions(upload, job), ...dismissal(upload, job, focusNext)];
}

async function discardAsked(upload, job) {
	const name = upload ? upload.file.name : job.fileName, id = upload ? upload.jobId : job.id;
	if (!confirm('Delete what has arrived of ' + name + '? It cannot be resumed then.'))
		return;
	try {
		await discard(id);
		tellOf('discard ' + id, '');
		say('The upload of ' + name + ' has been discarded.');
	} catch (error) {
		tellOf('discard ' + id, name + ' could not be discarded: ' + error.message);
	}
	tell('draw');
	if ($('sheet').hidden)
		$('drop').focus();		/* its row is gone; on the page of a title it stays */
}

async function retry(job) {
	const name = job.titleName || job.fileName;
	try {
		await api('POST', '/api/admin/uploads/' + job.id + '/retry', {});
		tellOf('retry ' + job.id, '');
		say(name + ' will be transcoded again.');
	} catch (error) {
		tellOf('retry ' + job.id, name + ' cannot be transcoded again: ' + error.message);
	}
	watchNow();
}

const dismissedKey = () => 'dismissed ' + (session.load().user || '');

function dismissedLoad() {
	try {
		dismissed = new Set(JSON.parse(localStorage.getItem(dismissedKey())));
	} catch {
		dismissed = new Set();
	}
}

/* Takes uploads out of the list, for good. */
function dismissAll(items) {
	dismissedLoad();		/* what another tab has added */
	items.forEach(({ upload, job }) => {
		if (upload)
			uploads.splice(uploads.indexOf(upload), 1);
		if (job || upload.jobId)
			dismissed.add(job ? job.id : upload.jobId);
	});
	try {
		localStorage.setItem(dismissedKey(), JSON.stringify([...dismissed].slice(-DISMISSED_MAX)));
	} catch {
		/* Without storage they come back with the next load of the page. */
	}
}

/* Returns the button, if any, that takes an upload that has ended out of the lists. focus() returns the function that focuses another control then. */
export function dismissal(upload, job, focus) {
	if (!ended(upload, job))
		return [];
	return [['Dismiss', () => {
		const move = focus();
		dismissAll([{ upload, job }]);
		tell('draw');
		say('Dismissed.');
		move();
	}]];
}

/* Returns the function that focuses the row beside the one in use. */
function focusNext() {
	const row = [...$('jobs').children].find((node) => node.contains(document.activeElement)), next = row && (row.nextElementSibling || row.previousElementSibling);
	return () => (next ? focusRow(next, next.querySelector('.job-actions')) : $('drop').focus());
}

/* Returns true for a job that was taken out of the lists; one that goes on comes back. */
export const isDismissed = (job) => dismissed.has(job.id) && !active(job);

/* Returns true if the upload has ended, so that it can be taken out of the list. */
function ended(upload, job) {
	return upload ? !upload.busy() && (!job || !active(job)) && !discardable(upload, job) :
		!unfinished(job) && (job.status === 'FAILED' || job.status === 'COMPLETED');
}

function makeJob() {
	const name = el('bdi', {}), file = el('bdi', { className: 'job-file' }), names = el('span', { className: 'job-name' }, name, file), state = el('span', { className: 'job-state' });
	const bar = el('progress', { max: 100 }), list = el('ul', { className: 'rungs' }), notes = el('ul', { className: 'notes' }), actions = el('div', { className: 'job-actions' });
	const node = el('li', { className: 'card job' }, el('div', { className: 'job-top' }, names, state),
		bar, list, notes, actions);
	node.update = ({ upload, job }) => {
		const now = stateOf(upload, job), title = (job && (job.episodeName || job.titleName)) || (upload && upload.name) || 'A film';
		const items = upload && upload.state !== 'sent' ? [] : rungs(job);
		const told = job && !active(job) ? (job.notes || []).map((text) => ({ key: text, text })) : [];
		set(name, { textContent: (upload && upload.audio) || (job && job.audio) ? title + ': audio track' : title });
		set(names, { title: title + ' ' + (upload ? upload.file.name : (job && job.fileName) || '') });
		set(file, { textContent: upload ? upload.file.name : (job && job.fileName) || '' });
		set(state, { textContent: now.text, className: 'job-state ' + (now.kind || '') });
		set(bar, { hidden: now.percent === null || now.kind === 'good', value: now.percent || 0, ariaLabel: title + ': ' + now.text });
		node.dataset.job = job ? job.id : (upload && upload.jobId) || '';
		arrange(list, items, makeRung);
		list.hidden = !items.length;
		arrange(notes, told, makeNote);
		notes.hidden = !told.length;
		offer(actions, actionsOf(upload, job), title);
	};
	return node;
}

/* Tells if no process prepares films. */
function drawNobody() {
	const { transcoding } = server.overview, { connected, waiting, seenAt } = transcoding || { connected: true };
	const since = seenAt ? ' since ' + new Date(seenAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }) : '; none has run yet';
	notice('nobody', connected || server.refused ? '' : 'No process transcodes films' + since + '. ' +
		(waiting ? waiting + (waiting === 1 ? ' film waits.' : ' films wait.') : 'No film waits.') + ' Start a process with the role transcode.');
}

/* Draws the uploads of this page, and recent or active ones of other browsers. */
function drawJobs() {
	const mine = uploads.map((upload) => ({ key: upload.key, upload, job: server.overview.uploads.find((j) => j.id === upload.jobId) }));
	const own = new Set(uploads.map((u) => u.jobId));
	const day = Date.now() - 24 * 3600 * 1000, recent = Date.now() - 10 * 60 * 1000;
	const others = server.overview.uploads.filter((job) => !own.has(job.id) && !isDismissed(job) && (active(job) ||
		unfinished(job) || (job.status === 'FAILED' && Date.parse(job.updatedAt) > day) ||
		(job.status === 'COMPLETED' && Date.parse(job.updatedAt) > recent)))
		.map((job) => ({ key: 'j' + job.id, upload: null, job }));
	shown = [...mine.reverse(), ...others];
	arrange($('jobs'), shown, makeJob);
	$('dismiss-all').hidden = shown.filter(({ upload, job }) => ended(upload, job)).length < 2;
	$('work').hidden = server.refused || !$('jobs').children.length;
	drawNobody();
}

$('dismiss-all').addEventListener('click', () => {
	const items = shown.filter(({ upload, job }) => ended(upload, job));
	dismissAll(items);
	tell('draw');
	say(items.length + ' uploads have been dismissed.');
	$('drop').focus();
});
window.addEventListener('storage', (event) => {
	if (event.key === dismissedKey()) {
		dismissedLoad();
		tell('draw');
	}
});
hub.addEventListener('draw', drawJobs);
hub.addEventListener('enter', dismissedLoad);
hub.addEventListener('gone', () => { dismissed = new Set(); });
hub.addEventListener('progress', drawSoon);
