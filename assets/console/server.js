/* The state of the server: titles and uploads. The server is asked again and again if its generation has changed. */
import { $, hub, notice, say, tell } from './dom.js';
import { api, signedIn } from './session.js';

const WATCH_BUSY_MS = 1000;
const WATCH_IDLE_MS = 4000;		/* changes by others show within five seconds */
export const WATCH_HIDDEN_MS = 10000;
const TITLES_PAGE = 100;

/* loaded: the titles are those of the server. refused: the role may not see films. catalogue and generation: those of the last answer.
 * accounts changes with people and purchases. query: which titles the list has, as further query parameters. */
export const server = { titles: [], loaded: false, refused: false, limit: TITLES_PAGE, overview: { uploads: [], ready: {} }, catalogue: '', accounts: '', generation: '', query: '' };
let known = null;		/* the last answer: { part, ids, generation, catalogue }; catalogue is '' without titles */
const seen = new Map();		/* last seen status of each upload */
let watching = null;
let looking = false;
let lookAgain = false;
let allAgain = false;		/* and load everything */

/* busy() is true while this page uploads something, ids() are its uploads; upload.js sets both. */
export const own = { busy: () => false, ids: () => [] };

/* Returns true unless the role is known to lack a permission: to see 'films', to 'manage' them, 'operate', 'people', 'invite', 'payments' or 'reset'. */
export const may = (what) => !server.overview.may || Boolean(server.overview.may[what]);

/* Returns a text that changes with accounts, purchases, and names of titles, and once a minute: what depends on the time changes without them. */
export const peopleVersion = () => [server.accounts, server.catalogue, Math.floor(Date.now() / 60000)].join();

export const active = (job) => job.status === 'PROCESSING';

/* Announces a status change of an upload. */
function notePassing(job) {
	const before = seen.get(job.id);
	seen.set(job.id, job.status);
	if (!before || before === job.status)
		return;
	const film = job.titleName || job.fileName, name = job.audio ? 'The audio track ' + job.fileName + ' of ' + film : film;
	if (job.status === 'COMPLETED')
		say(name + (job.audio ? ' has been added.' : ' is ready to play.'));
	if (job.status === 'FAILED')
		say(name + ' could not be transcoded: ' + (job.error || 'unknown error').replace(/\.$/, '') + '.');
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
		server.refused = !may('films');
	}
	if (server.refused) {
		server.titles = [];
		server.loaded = false;
	} else if (!before || before.catalogue !== answer.catalogue) {
		const { titles } = await api('GET', '/api/admin/titles' + part);
		if (allAgain || part !== '?limit=' + server.limit + server.query)
			return;
		server.titles = titles;
		server.loaded = true;
	}
	known = { part, ids, generation: answer.generation, catalogue: server.loaded ? answer.catalogue : '' };
	server.catalogue = answer.catalogue;
	server.accounts = answer.accounts;
	server.generation = answer.generation;
}

/* Shows why the server could not be read. An account that may not use the console any more keeps nothing of it. */
function tellTrouble(error) {
	if (error.status === 403) {
		Object.assign(server, { titles: [], loaded: false, refused: true, overview: { uploads: [], ready: {}, may: {} } });
		known = null;
	}
	$('trouble').classList.remove('films');
	notice('trouble', error.message + (error.status === 0 || error.status >= 500 ? ' Retrying.' : ''));
}

/* Removes what tellTrouble() has shown; tells if the role may not see films. */
function tellRole() {
	const { films, ...more } = server.overview.may, rest = Object.values(more).some((yes) => yes) ? '.' : ', and the console has nothing else for it.';
	$('trouble').classList.toggle('films', !films);
	notice('trouble', films ? '' : 'The role of your account may not see films' + rest);
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
			if (!allAgain)
				tellRole();
		} catch (error) {
			tellTrouble(error);
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
	server.query = server.accounts = '';
	server.overview = { uploads: [], ready: {} };
	known = null;
	seen.clear();
});
