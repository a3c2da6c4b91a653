/* The state of the server: titles and uploads, asked for again and again. */
import { $, hub, notice, say, tell } from './dom.js';
import { api, signedIn } from './session.js';

const WATCH_BUSY_MS = 1000;
export const WATCH_IDLE_MS = 10000;
export const TITLES_SHOWN = 100;		/* the newest ones; the others are found by name */

export const server = { titles: [], overview: { uploads: [], ready: {} } };
const seen = new Map();		/* last seen status of each upload */
let watching = null;
let looking = false;
let lookAgain = false;
let allAgain = false;		/* with the titles */

/* busy() is true while this page uploads something; upload.js sets it. */
export const own = { busy: () => false };

export const active = (job) => job.status === 'PROCESSING';

/* Announces a status change of an upload. Returns true if the titles have to be loaded again. */
function notePassing(job) {
	const before = seen.get(job.id);
	seen.set(job.id, job.status);
	if (before === job.status)
		return false;
	if (before && job.status === 'COMPLETED')
		say((job.titleName || job.fileName) + ' is ready to play.');
	if (before && job.status === 'FAILED')
		say((job.titleName || job.fileName) + ' could not be transcoded: ' + (job.error || 'unknown error') + '.');
	return true;
}

async function look(withTitles) {
	const wanted = $('find').value.trim(), part = '?limit=' + TITLES_SHOWN + (wanted ? '&q=' + encodeURIComponent(wanted) : '');
	server.overview = await api('GET', '/console/api/overview' + part);
	const changed = server.overview.uploads.map(notePassing).some(Boolean);
	if (changed || withTitles || !server.titles.length)
		server.titles = (await api('GET', '/api/admin/titles' + part)).titles;
}

async function watch(withTitles) {
	clearTimeout(watching);
	if (looking) {
		lookAgain = true;
		allAgain ||= withTitles;
		return;
	}
	looking = true;
	do {
		lookAgain = false;
		withTitles ||= allAgain;
		allAgain = false;
		try {
			await look(withTitles);
			notice('trouble', '');
		} catch (error) {
			notice('trouble', error.message + (error.status === 0 || error.status >= 500 ? ' Retrying.' : ''));
		}
	} while (lookAgain);
	looking = false;
	tell('draw');
	const busy = server.overview.uploads.some(active) || own.busy();
	watching = setTimeout(watch, busy && !document.hidden ? WATCH_BUSY_MS : WATCH_IDLE_MS);
}

export function watchNow() {
	watch(true);
}

document.addEventListener('visibilitychange', () => {
	if (!document.hidden && signedIn())
		watchNow();
});

hub.addEventListener('enter', watchNow);
hub.addEventListener('gone', () => {
	server.titles = [];
	server.overview = { uploads: [], ready: {} };
	seen.clear();
});
