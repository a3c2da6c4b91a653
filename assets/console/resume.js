/* Unfinished uploads: what this browser remembers of its own, so that the same file goes on after a reload or on another day. */
import { server } from './server.js';

const LIVE_MS = 15000;		/* a tab that uploads has written its record in this time */
const ELSEWHERE_MS = 60000;	/* and another browser has reported its progress to the server */
const SAMPLE = 1 << 20;		/* bytes at the beginning, in the middle and at the end that the fingerprint covers */
const PAGE = String(Math.random());

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

/* Remembers an upload of this page as alive. print is the fingerprint of the file, or null. */
export function remember(jobId, print) {
	store({ ...load(), [jobId]: { print, page: PAGE, beat: Date.now() } });
}

/* Tells other tabs, and this one after a reload, that nothing moves the uploads of this page any more. */
window.addEventListener('pagehide', () => {
	const records = load();
	Object.values(records).filter((record) => record.page === PAGE).forEach((record) => { record.beat = 0; });
	store(records);
});

export function forget(jobId) {
	const { [jobId]: gone, ...others } = load();
	if (gone)
		store(others);
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

/* Returns where an unfinished upload goes on now: 'tab', 'elsewhere', or null if nothing moves it. */
export function liveWhere(job) {
	const record = load()[job.id];
	if (record)
		return record.page !== PAGE && Date.now() - record.beat < LIVE_MS ? 'tab' : null;
	return job.status === 'UPLOADING' && Date.now() - Date.parse(job.updatedAt) < ELSEWHERE_MS ? 'elsewhere' : null;
}

/* Returns true if a file is that of an upload, by name, size and, if this browser has begun it, fingerprint. */
export function isFileOf(job, file, print) {
	const record = load()[job.id];
	return job.fileName === file.name && job.bytesTotal === file.size && (!record || !record.print || !print || record.print === print);
}

/* Returns the unfinished upload of the file that can go on here, or undefined. */
export function resumable(file, print) {
	return server.overview.uploads.find((job) => unfinished(job) && !liveWhere(job) && isFileOf(job, file, print));
}
