/* Unfinished uploads: what this browser remembers of its own, so that the same file goes on after a reload or on another day. */
import { hub, tell, wait } from './dom.js';

const SILENT_MS = 12000;	/* without locks: a tab that has not written its record for this time is asked if it still uploads */
const BEAT_MS = 5000;
const REPLY_MS = 3000;
const LOOK_MS = 50;
const ELSEWHERE_MS = 60000;	/* another browser has reported its progress to the server in this time */
const SAMPLE = 1 << 20;		/* bytes at the beginning, in the middle and at the end that the fingerprint covers */
const LOCK = 'upload ';

let held = new Set();		/* ids of uploads that a tab of this browser moves */
/* Without locks, tabs ask each other here: the timers of a hidden tab may run once a minute only, but it gets messages at once. */
const channel = navigator.locks ? null : new BroadcastChannel('uploads');
const beats = new Set();		/* functions that write the time into the records of this tab's uploads */

function load() {
	try {
		return JSON.parse(localStorage.getItem('uploads')) || {};
	} catch {
		return {};
	}
}

function store(records) {
	try {
		localStorage.setItem('uploads', JSON.stringify(records));
	} catch {
		/* Without storage an upload is resumed by its name and size only. */
	}
}

/* Changes what this browser knows of an upload. */
function note(jobId, fields) {
	const records = load();
	store({ ...records, [jobId]: { ...records[jobId], ...fields } });
}

/* Remembers an upload of this browser. print is the fingerprint of the file, or null. */
export const remember = (jobId, print, name) => note(jobId, { print, name });

export function forget(jobId) {
	const { [jobId]: gone, ...others } = load();
	if (gone)
		store(others);
}

/* Writes the time into the record of an upload, every 5 s and when another tab asks, until the function that is returned is called or the page is left. */
function beat(jobId) {
	const write = () => note(jobId, { beat: Date.now() }), timer = setInterval(write, BEAT_MS);
	const end = () => {
		clearInterval(timer);
		beats.delete(write);
		window.removeEventListener('pagehide', end);
		if (load()[jobId])		/* else it has been forgotten */
			note(jobId, { beat: 0 });
	};
	beats.add(write);
	window.addEventListener('pagehide', end);
	write();
	return end;
}

const writeAll = () => beats.forEach((write) => write());

if (channel)
	channel.addEventListener('message', writeAll);

/* Asks tabs that have been silent if they still upload. One that does writes the time into its record; one that does not reply has died. */
async function askTabs() {
	writeAll();
	const silent = () => Object.entries(load()).filter(([, record]) => record.beat && Math.abs(Date.now() - record.beat) > SILENT_MS);
	if (!silent().length)
		return;
	channel.postMessage('');
	for (let left = REPLY_MS; left > 0 && silent().length; left -= LOOK_MS)
		await wait(LOOK_MS);
	silent().forEach(([id]) => note(id, { beat: 0 }));
	tell('draw');
}

let asking = null;

/*
 * Claims an upload for this tab. Resolves to the function that ends the claim, or to null if another tab has it. The browser ends it when the tab is
 * closed or dies. Pages that are not secure (plain http to another host) have no locks; there the record tells.
 */
export async function hold(jobId) {
	if (!navigator.locks) {
		await lookAround();
		return liveWhere({ id: jobId }) ? null : beat(jobId);
	}
	return new Promise((done, fail) => {
		const keep = () => new Promise((end) => done(end));		/* the lock is held until this is resolved */
		navigator.locks.request(LOCK + jobId, { ifAvailable: true }, (lock) => (lock ? keep() : done(null))).catch(fail);
	});
}

/* Learns which uploads the tabs of this browser move now. */
export async function lookAround() {
	if (!navigator.locks) {
		asking = asking || askTabs().finally(() => { asking = null; });
		await asking;
		return;
	}
	const { held: all } = await navigator.locks.query();
	const now = new Set(all.filter(({ name }) => name.startsWith(LOCK)).map(({ name }) => name.slice(LOCK.length)));
	const changed = now.size !== held.size || [...now].some((id) => !held.has(id));
	held = now;
	if (changed)
		tell('draw');
}

hub.addEventListener('draw', lookAround);

/* Resolves to the names of the files that tabs of this browser upload now, except the uploads with these ids. */
export async function uploadedByOthers(ids) {
	await lookAround();
	const records = load(), all = new Set([...Object.keys(records), ...held]);
	return [...all].filter((id) => !ids.includes(id) && liveWhere({ id }) === 'tab').map((id) => (records[id] && records[id].name) || 'a film');
}

/* Returns the SHA-256 of samples of the file, or null where the page is not secure (plain http to another host). */
export async function fingerprint(file) {
	if (!crypto.subtle)
		return null;
	const middle = Math.max(0, Math.floor(file.size / 2));
	const samples = new Blob([file.slice(0, SAMPLE), file.slice(middle, middle + SAMPLE), file.slice(-SAMPLE), String(file.size)]);
	const sum = await crypto.subtle.digest('SHA-256', await samples.arrayBuffer());
	return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/* Returns true if the upload can take more parts: it was not completed, and no transcode job exists. */
export const unfinished = (job) => !job.state && ['UPLOADING', 'PENDING', 'FAILED'].includes(job.status);

/* Returns where an unfinished upload goes on now that this page does not move: 'tab', 'elsewhere', or null if nothing moves it. */
export function liveWhere(job) {
	const record = load()[job.id];
	if (held.has(job.id) || (record && record.beat))
		return 'tab';
	return !record && job.status === 'UPLOADING' && Date.now() - Date.parse(job.updatedAt) < ELSEWHERE_MS ? 'elsewhere' : null;
}

/* Returns true if a file is that of an upload, by name, size and, if this browser has begun it, fingerprint. */
export function isFileOf(job, file, print) {
	const record = load()[job.id];
	return job.fileName === file.name && job.bytesTotal === file.size && (!record || !record.print || !print || record.print === print);
}
