/* Files that somebody has chosen and that are known: an upload of them can go on, is under way, or has ended. */
import { say, size, tell } from './dom.js';
import { fingerprint, isFileOf, liveWhere, lookAround, unfinished } from './resume.js';
import { server } from './server.js';
import { api } from './session.js';
import { begin, Upload, uploads } from './upload.js';

const nameOf = (job) => job.episodeName || job.titleName || job.fileName;

export const sameFile = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

/* Returns an upload that goes on with an unfinished one of the server. */
export const uploadOf = (job, file, print) => Object.assign(new Upload(file, nameOf(job), job.titleId, job.id), { print, episodeId: job.episodeId, audio: job.audio });

/* Returns the uploads of a title and of its episodes, or the recent ones of all titles if it is null or the server does not tell. */
export async function uploadsOf(titleId) {
	await lookAround();
	return titleId ? api('GET', '/api/admin/titles/' + titleId + '/uploads').then((answer) => answer.uploads, () => server.overview.uploads) : server.overview.uploads;
}

/* Returns true if a film with these ids is that of a target { titleId } or { episodeId }; null is any. */
function isFor(target, titleId, episodeId) {
	return !target || (target.episodeId ? episodeId === target.episodeId : !episodeId && titleId === target.titleId);
}

const jobOf = (upload, jobs) => jobs.find(({ id }) => id === upload.jobId) || {};

/* Returns the movie that gets the film of an upload, or null. */
const movieOf = ({ titleId, titleName, episodeId, published, audio }) => (titleId && !episodeId && !audio ? { id: titleId, name: titleName, archived: !published, pendingReview: false } : null);

/* Returns the upload of this page that has the file and has not been sent, or undefined. */
function uploadHere(file, target, jobs, same) {
	return uploads.find((u) => {
		const job = jobOf(u, jobs);
		return u.state !== 'sent' && !(target && u.audio) && (sameFile(u.file, file) || same.includes(job)) && isFor(target, u.title || job.titleId, u.episodeId || job.episodeId);
	});
}

/* Returns what goes on with a file that is in the list of this page. */
function knownHere(here, file, job) {
	if (here.busy())
		return { busy: 'is being uploaded already', label: 'Nothing: leave it as it is', note: 'This file is in the list of uploads already.' };
	return { label: 'Resume the upload of ' + here.name, note: here.percent() + ' % of it has arrived before.', title: movieOf(job), resume() {
		here.file = file;
		here.again();
	} };
}

function knownAs(file, print, target, jobs) {
	/* A file that is uploaded as an audio track does not count as the film of a title or an episode. */
	const same = jobs.filter((job) => !(target && job.audio) && isFor(target, job.titleId, job.episodeId) && isFileOf(job, file, print)), here = uploadHere(file, target, jobs, same);
	const left = same.filter(unfinished), free = left.find((job) => !liveWhere(job)), before = same.find((job) => ['PROCESSING', 'COMPLETED'].includes(job.status));
	if (here)
		return knownHere(here, file, jobOf(here, jobs));
	if (free)
		return { label: 'Resume the upload of ' + nameOf(free), note: size(free.bytesUploaded) + ' of it have arrived before.', title: movieOf(free),
			resume: () => uploads.push(uploadOf(free, file, print)) };
	if (left.length) {
		const where = 'is being uploaded in another ' + (liveWhere(left[0]) === 'tab' ? 'tab' : 'browser');
		return { busy: where, label: 'Nothing: leave it as it is', note: 'This file ' + where + '.' };
	}
	return before ? { label: 'Nothing: do not upload it again', note: 'This file was uploaded before, as ' + nameOf(before) + '.' } : null;
}

/*
 * Resolves to { file, print, known } for a target, null for any. jobs are those of uploadsOf(). known is null or has label (the first choice for the file)
 * and note (the reason); resume() and title, the movie or null, if an upload of it can go on; busy if it is being uploaded.
 */
export async function lookUp(file, target, jobs) {
	const print = await fingerprint(file).catch(() => null);
	return { file, print, known: knownAs(file, print, target, jobs) };
}

/* Starts the uploads that were added. what names them; goesOn is true if all of them were begun before. */
export function startAdded(what, goesOn) {
	begin();
	tell('draw');
	if (what)
		say('The upload of ' + what + (goesOn ? ' goes on.' : ' begins.'));
}
