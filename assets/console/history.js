/* The timeline of a title: its uploads and those of its episodes, with their transcode jobs. */
import { arrange, el, hub, offer, set, size } from './dom.js';
import { makeNote, makeRung, rungs, stateOf, uploadActions } from './jobs.js';
import { server } from './server.js';
import { api } from './session.js';
import { addPart, section } from './title.js';
import { uploads } from './upload.js';

let discarded = 0;		/* uploads, by this page: the overview does not tell of all */

export const moment = (iso) => new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

/* Returns the state of an upload: unlike in the list of uploads, an older one may be replaced. */
function stateNow(upload, job) {
	if (job.status !== 'COMPLETED')
		return stateOf(upload, job);
	if (job.audio)
		return job.inUse ? { text: 'Transcoded: this audio track is played', kind: 'good' } : { text: 'Transcoded, but replaced or removed since', kind: '' };
	return job.inUse ? { text: 'Transcoded: this film is played', kind: 'good' } : { text: 'Transcoded, but replaced since', kind: '' };
}

function timesOf(job) {
	const ended = ['COMPLETED', 'FAILED', 'CANCELED'].includes(job.status);
	return 'Begun ' + moment(job.createdAt) + (ended ? ' · ended ' + moment(job.updatedAt) : '') +
		(job.attempts > 1 ? ' · ' + job.attempts + ' attempts' : '') + (job.bytesTotal ? ' · ' + size(job.bytesTotal) : '');
}

function makeUpload() {
	const file = el('bdi', {}), episode = el('bdi', { className: 'hint' }), state = el('p', { className: 'job-state' }), times = el('p', { className: 'hint' });
	const list = el('ul', { className: 'rungs' }), notes = el('ul', { className: 'notes' }), actions = el('div', { className: 'job-actions' });
	const node = el('li', { className: 'event' }, el('h4', {}, file, ' ', episode), state, times, list, notes, actions);
	node.update = ({ job }) => {
		const upload = uploads.find((u) => u.jobId === job.id), now = stateNow(upload, job);
		set(file, { textContent: job.fileName || 'A film' });
		set(episode, { textContent: job.episodeName || '', hidden: !job.episodeName });
		set(state, { textContent: now.text, className: 'job-state ' + (now.kind || '') });
		set(times, { textContent: timesOf(job) });
		arrange(list, rungs(job), makeRung);
		list.hidden = !list.children.length;
		arrange(notes, job.notes.map((text) => ({ key: text, text })), makeNote);
		notes.hidden = !job.notes.length;
		offer(actions, uploadActions(upload, job), job.fileName || 'A film');
	};
	return node;
}

/*
 * Returns a section whose list is loaded from path when the page is opened and whenever version() has changed. read(answer) returns the items
 * for arrange().
 */
export function loadedSection(heading, list, path, version, read, make, none) {
	const empty = el('p', { className: 'hint' }, 'Loading'), node = section(heading, empty, list);
	let seen = null, loading = false, items = [];
	node.update = async () => {
		const wanted = version();
		arrange(list, items, make);		/* this page may know more than the last answer */
		if (loading || seen === wanted)
			return;
		loading = true;
		try {
			items = read(await api('GET', path));
			seen = wanted;
			set(empty, { textContent: none, hidden: items.length > 0 });
			arrange(list, items, make);
		} catch (error) {
			set(empty, { textContent: error.message, hidden: false });
		}
		loading = false;
	};
	return node;
}

/* Returns a text that changes with the films of a title and with its uploads in the overview, but not with the progress of other films. */
const versionOf = (id) => JSON.stringify([server.catalogue, discarded, server.overview.uploads.filter((job) => job.titleId === id)]);

hub.addEventListener('discarded', () => { discarded++; });
addPart(40, (page) => loadedSection('Uploads and transcoding', el('ol', { className: 'events', reversed: true }), '/api/admin/titles/' + page.id + '/uploads', () => versionOf(page.id),
	(answer) => answer.uploads.map((job) => ({ key: job.id, job })), makeUpload, 'Nothing has been uploaded for this title.'));
