/* The state of the server: titles and uploads. The server is asked again and again if its generation has changed. */
import { $, hub, notice, say, tell } from './dom.js';
import { api, signedIn } from './session.js';

const WATCH_BUSY_MS = 1000;
const WATCH_IDLE_MS = 4000;		/* changes by others show within five seconds */
export const WATCH_HIDDEN_MS = 10000;
const TITLES_PAGE = 100;

/* loaded: the titles are those of the server. refused: the role may not see films. catalogue and generation: those of the last answer.
 * query: which titles the list has, as further query parameters. */
export const server = { titles: [], loaded: false, refused: false, limit: TITLES_PAGE, overview: { uploads: [], ready: {} }, catalogue: '', generation: '', query: '' };
let known = null;		/* the last answer: { part, ids, generation, catalogue } */
const seen = new Map();		/* last seen status of each upload */
let watching = null;
let looking = false;
let lookAgain = false;
let allAgain = false;		/* and load everything */

/* busy() is true while this page uploads something, ids() are its uploads; upload.js sets both. */
export const own = { busy: () => false, ids: () => [] };

/* Returns true unless the role is known to lack a permission: 'manage' titles and uploads, 'operate', 'people', 'invite', 'payments' or 'reset'. */
export const may = (what) => !server.overview.may || Boolean(server.overview.may[what]);

export const active = (job) => job.status === 'PROCESSING';

/* Announces a status change of an upload. */
function notePassing(job) {
	const before = seen.get(job.id);
	seen.set(job.id, job.status);
	if (!before || before === job.status)
		return;
	if (job.status === 'COMPLETED')
		say((job.titleName || job.fileName) + ' is ready to play.');
	if (job.status === 'FAILED')
		say((job.titleName || job.fileName) + ' could not be transcoded: ' + (job.error || 'unknown error') + '.');
}

/*
 * Loads what has changed since the last answer. all is true to load everything. If this page has changed something meanwhile, the answer may be
 * older and is dropped; another look follows.
 */
async function look(all) {
	const part = '?limit=' + server.limit + server.query;
	const ids = own.ids().join(','), before = !all && known && known.part === part ? known : null;
	const answer = await api('GET', '/console/api/overview' + part + (ids ? '&uploads=' + ids : '') +
		(before && before.ids === ids ? '&generation=' + before.generation : ''));
	if (allAgain || part !== '?limit=' + server.limit + server.query)
		return;
	if (answer.uploads) {
		server.overview = answer;
		server.overview.uploads.forEach(notePassing);
	}
	if (!before || before.catalogue !== answer.catalogue) {
		const { titles } = await api('GET', '/api/admin/titles' + part);
		if (allAgain || part !== '?limit=' + server.limit + server.query)
			return;
		server.titles = titles;
		server.loaded = true;
	}
	known = { part, ids, generation: answer.generation, catalogue: answer.catalogue };
	server.catalogue = answer.catalogue;
	server.generation = answer.generation;
}

/* Resolves to what a role that may not see films may do, as the overview has it for others. */
async function mayBesideFilms() {
	const { permissions } = await api('GET', '/api/admin/me'), has = (name) => permissions.includes(name);
	return { operate: has('ops:manage'), people: has('admin:users:manage'), invite: has('admin:invites:manage'), payments: has('payments:view') || has('payments:manage'), reset: has('payments:manage') };
}

/* Shows why the server could not be read. */
async function tellTrouble(error) {
	const before = server.refused ? server.overview.may : {};
	server.refused = error.status === 403;
	$('trouble').classList.toggle('films', server.refused);
	if (!server.refused) {
		notice('trouble', error.message + (error.status === 0 || error.status >= 500 ? ' Retrying.' : ''));
		return;
	}
	const more = await mayBesideFilms().catch(() => before);
	server.overview = { uploads: [], ready: {}, may: more };
	known = null;
	notice('trouble', 'The role of your account may not see films' + (Object.values(more).some((yes) => yes) ? '.' : ', and the console has nothing else for it.'));
}

/* all is true to load everything. A call during another one makes that look once more. */
async function watch(all) {
	clearTimeout(watching);
	if (looking) {
		lookAgain = true;
		allAgain ||= all;
		return;
	}
	looking = true;
	do {
		lookAgain = false;
		all ||= allAgain;
		allAgain = false;
		try {
			await look(all);
			server.refused = false;
			notice('trouble', '');
		} catch (error) {
			await tellTrouble(error);
		}
	} while (lookAgain);
	looking = false;
	tell('draw');
	const busy = server.overview.uploads.some(active) || own.busy();
	watching = setTimeout(watch, document.hidden ? WATCH_HIDDEN_MS : busy ? WATCH_BUSY_MS : WATCH_IDLE_MS);
}

/* Loads the first page of the titles that a query selects; before somebody has signed in, only keeps the query. */
export function findTitles(query) {
	if (query === server.query)
		return;
	server.query = query;
	server.limit = TITLES_PAGE;
	if (!$('room').hidden)
		watch(false);
}

/* Loads and shows one page more of the titles. */
export function moreTitles() {
	server.limit += TITLES_PAGE;
	watch(false);
}

export function watchNow() {
	watch(true);
}

document.addEventListener('visibilitychange', () => {
	if (!document.hidden && signedIn())
		watch(false);
});

hub.addEventListener('enter', watchNow);
hub.addEventListener('gone', () => {
	server.titles = [];
	server.loaded = server.refused = false;
	server.limit = TITLES_PAGE;
	server.query = '';
	server.overview = { uploads: [], ready: {} };
	known = null;
	seen.clear();
});
