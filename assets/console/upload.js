/* Multipart uploads of films into object storage. An upload outlives lost connections, and goes on after Stop, an error or a reload. */
import { hub, say, tell } from './dom.js';
import { fingerprint, forget, hold, remember, uploadedByOthers } from './resume.js';
import { own, server, watchNow } from './server.js';
import { api, beforeLeaving, Refusal } from './session.js';

const FILES_AT_ONCE = 2;
const PARTS_AT_ONCE = 4;
const COMPLETE_TRIES = 6;
const PAUSE_MAX_MS = 15000;
const IDS_MAX = 200;		/* whose state the server returns, as in sql/query/console/overview.sql */
const REPORT_MS = 2000;
const SIGN_AGAIN_MS = 60000;	/* a URL that is refused sooner is not signed again */

export const uploads = [];
let count = 0;

/* Waits, but not longer than until the network is back or the upload is stopped. */
function pause(ms, signal) {
	return new Promise((done) => {
		const end = () => {
			clearTimeout(timer);
			window.removeEventListener('online', end);
			signal.removeEventListener('abort', end);
			done();
		};
		const timer = setTimeout(end, ms);
		window.addEventListener('online', end);
		signal.addEventListener('abort', end);
	});
}

/* True if the same request may succeed later without a change. */
const passing = (status) => status === 0 || status === 408 || status === 429 || (status >= 500 && status !== 507);

export class Upload {
	/* title is the id of the title that gets the film, or null. jobId is that of an upload that is resumed, or null.
	 * A caller may set episodeId: the film is that of an episode then; and audio, { language, purpose }: the file is an audio track for that film. */
	constructor(file, name, title, jobId) {
		Object.assign(this, { file, name, title, jobId, episodeId: null, audio: null, key: 'u' + count++, state: 'waiting', error: '', trouble: '', print: null, running: null, letGo: null });
		this.reset();
	}

	reset() {
		this.stop = new AbortController();
		this.sent = new Map();
		this.tags = [];
		this.reported = 0;
		this.reporting = false;
		this.error = this.trouble = '';
	}

	busy() {
		return ['waiting', 'uploading', 'finishing'].includes(this.state);
	}

	bytes() {
		let sum = 0;
		this.sent.forEach((n) => { sum += n; });
		return Math.min(sum, this.file.size);
	}

	percent() {
		return Math.floor(100 * this.bytes() / this.file.size);
	}

	cancel() {
		if (!this.busy())
			return;
		this.state = 'canceled';
		this.stop.abort();
		begin();
		tell('draw');
		say('The upload of ' + this.file.name + ' has been stopped.');
	}

	/* Goes on with what is missing, when the run before has ended: a request that was not stopped may still be under way. */
	async again() {
		await this.running;
		if (this.busy())
			return;
		this.reset();
		this.state = 'waiting';
		begin();
		tell('draw');
	}

	async run() {
		this.state = 'uploading';
		try {
			this.print = this.print || await fingerprint(this.file);
			this.stop.signal.throwIfAborted();
			if (await this.prepare())
				await this.send();
			this.state = 'sent';
			forget(this.jobId);
			say(this.file.name + ' has been uploaded and will be transcoded.');
		} catch (error) {
			if (this.state === 'canceled')
				return;
			this.stop.abort();
			this.state = 'failed';
			this.error = error.message;
			say('Upload of ' + this.file.name + ' failed: ' + error.message);
		} finally {
			this.endClaim();
			watchNow();
		}
	}

	/* Claims the upload for this tab, until the run ends. */
	async claim() {
		this.letGo = this.letGo || await hold(this.jobId);
		if (!this.letGo)
			throw new Error('Another tab is uploading it.');
	}

	endClaim() {
		if (this.letGo)
			this.letGo();
		this.letGo = null;
	}

	/* Begins the upload, or learns which parts of it are missing. Returns false if the server has completed it already. */
	async prepare() {
		if (this.jobId) {
			const way = await this.goOn();
			if (way !== 'ended')
				return way === 'parts';
			const before = server.overview.uploads.find((job) => job.id === this.jobId);
			this.title = (before && before.titleId) || this.title;
			this.episodeId = (before && before.episodeId) || this.episodeId;
			this.audio = (before && before.audio) || this.audio;
			forget(this.jobId);
			this.endClaim();
		}
		const [path, target] = this.target();
		this.job = await api('POST', path, { ...target, fileName: this.file.name, bytesTotal: this.file.size, contentType: this.file.type || 'application/octet-stream' });
		this.jobId = this.job.jobId;
		remember(this.jobId, this.print, this.file.name);
		await this.claim();
		watchNow();
		return true;
	}

	/* Returns where an upload of this file begins, and the fields that say for what it is. */
	target() {
		if (this.audio)
			return ['/api/admin/' + (this.episodeId ? 'episodes/' + this.episodeId : 'titles/' + this.title) + '/audio', this.audio];
		if (this.episodeId)
			return ['/api/admin/uploads/init', { kind: 'EPISODE', episodeId: this.episodeId }];
		return ['/api/admin/uploads/init', { kind: 'MOVIE', ...(this.title ? { titleId: this.title } : { titleName: this.name }) }];
	}

	/* Asks for the parts of an upload that was begun. Returns 'parts', 'completed', or 'ended' if it takes no more parts. */
	async goOn() {
		const path = '/api/admin/uploads/' + this.jobId + '/parts';
		await this.claim();
		try {
			const there = await this.ask('GET', path);
			if (['PROCESSING', 'COMPLETED'].includes(there.job.status))
				return 'completed';
			this.job = await this.ask('POST', path, {});
			const missing = new Set(this.job.presignedParts.map((part) => part.partNumber));
			const arrived = there.parts.filter((part) => !missing.has(part.PartNumber));
			this.tags = arrived.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
			this.sent = new Map(arrived.map((part) => [part.PartNumber, part.Size]));
		} catch (error) {
			if (error.status !== 404 && error.status !== 409)
				throw error;
			return 'ended';
		}
		remember(this.jobId, this.print, this.file.name);
		return 'parts';
	}

	/* Sends a request to the API, again and again as long as it cannot be reached. */
	async ask(method, path, body) {
		for (let attempt = 1; ; attempt++) {
			try {
				return await api(method, path, body);
			} catch (error) {
				await this.endure(error, error.status === 0, attempt);
			}
		}
	}

	/* Waits after an error, longer each time; throws it if it is final or the upload was stopped. */
	async endure(error, mayPass, attempt) {
		if (!mayPass || this.stop.signal.aborted)
			throw error;
		this.trouble = error.message;
		tell('progress');
		this.report();
		await pause(Math.min(PAUSE_MAX_MS, 500 * 2 ** attempt), this.stop.signal);
		this.stop.signal.throwIfAborted();
	}

	/* Uploads the missing parts and completes; if the server then misses parts, sends those once. */
	async send() {
		for (let round = 1; ; round++) {
			const queue = [...this.job.presignedParts];
			this.state = 'uploading';
			await Promise.all(Array.from({ length: PARTS_AT_ONCE }, () => this.putFrom(queue)));
			this.stop.signal.throwIfAborted();
			this.state = 'finishing';
			tell('draw');
			try {
				return await this.complete();
			} catch (error) {
				if (round > 1 || error.status !== 400 || !(error.body && (error.body.missingParts || error.body.wrongParts)) || await this.goOn() !== 'parts')
					throw error;
			}
		}
	}

	async putFrom(queue) {
		for (let part = queue.shift(); part && !this.stop.signal.aborted; part = queue.shift()) {
			this.tags.push({ PartNumber: part.partNumber, ETag: await this.putWithRetries(part) });
			this.report();
		}
	}

	/* Uploads one part; after a lost connection or a server error tries again until it succeeds. A URL that has expired is signed again. */
	async putWithRetries(part) {
		let signed = 0;
		for (let attempt = 1; ; attempt++) {
			try {
				const tag = await this.put(part);
				this.trouble = '';
				return tag;
			} catch (error) {
				this.sent.set(part.partNumber, 0);
				if (error.status === 403 && Date.now() - signed > SIGN_AGAIN_MS && !this.stop.signal.aborted) {
					signed = Date.now();
					part.url = await this.signAgain(part);
				} else {
					await this.endure(error, passing(error.status), attempt);
				}
			}
		}
	}

	async signAgain(part) {
		const { presignedParts } = await this.ask('POST', '/api/admin/uploads/' + this.jobId + '/parts', { first: part.partNumber, last: part.partNumber });
		return presignedParts.length ? presignedParts[0].url : part.url;
	}

	put(part) {
		const { partSize } = this.job;
		const from = (part.partNumber - 1) * partSize;
		return new Promise((done, fail) => {
			const request = new XMLHttpRequest(), abort = () => request.abort();
			this.stop.signal.throwIfAborted();
			this.stop.signal.addEventListener('abort', abort);
			request.open('PUT', part.url);
			request.upload.onprogress = (event) => {
				this.sent.set(part.partNumber, event.loaded);
				this.report();
				tell('progress');
			};
			request.onload = () => {
				const tag = request.status < 300 && request.getResponseHeader('ETag');
				if (tag)
					done(tag);
				else if (request.status < 300)
					fail(new Refusal(400, 'Object storage does not expose the ETag header. Add ETag to ExposeHeaders in the CORS rules of the bucket.'));
				else if (request.status === 403)
					fail(new Refusal(403, 'Object storage refused a part (403): the presigned URL has expired, or the clocks differ. Try again.'));
				else if (request.status === 507)
					fail(new Refusal(507, 'Object storage is full. Try again when there is room: what has arrived is kept.'));
				else
					fail(new Refusal(request.status, 'Object storage returned status ' + request.status + '.'));
			};
			request.onerror = () => fail(new Refusal(0, navigator.onLine ?
				'Cannot connect to object storage. Check the network and the CORS rules of the bucket.' : 'There is no network.'));
			request.onabort = () => fail(new Refusal(0, 'Stopped.'));
			request.onloadend = () => this.stop.signal.removeEventListener('abort', abort);
			request.send(this.file.slice(from, from + partSize));
		});
	}

	/* Reports the progress for other users of the console, at most every 2 s. Errors are ignored. */
	report() {
		const now = Date.now();
		if (this.reporting || now - this.reported < REPORT_MS || this.stop.signal.aborted)
			return;
		this.reported = now;
		this.reporting = true;
		api('PATCH', '/api/admin/uploads/' + this.jobId + '/progress', { bytesUploaded: this.bytes() })
			.catch(() => {}).finally(() => { this.reporting = false; });
	}

	/* Completes the upload. Can be repeated: a second completion changes nothing. */
	async complete() {
		this.trouble = '';
		this.tags.sort((a, b) => a.PartNumber - b.PartNumber);
		for (let attempt = 1; ; attempt++) {
			try {
				return await api('POST', '/api/admin/uploads/' + this.jobId + '/complete', {
					uploadId: this.job.uploadId, key: this.job.key, parts: this.tags });
			} catch (error) {
				await this.endure(error, error.status === 0 || (passing(error.status) && attempt < COMPLETE_TRIES), attempt);
			}
		}
	}
}

own.busy = () => uploads.some((u) => u.busy());
own.ids = () => uploads.map((u) => u.jobId).filter(Boolean).slice(-IDS_MAX);

/* Starts waiting uploads, up to FILES_AT_ONCE. */
export function begin() {
	const running = uploads.filter((u) => u.state === 'uploading' || u.state === 'finishing').length;
	uploads.filter((u) => u.state === 'waiting').slice(0, Math.max(0, FILES_AT_ONCE - running))
		.forEach((u) => {
			u.running = u.run();
			u.running.then(begin);
		});
}

/* Ends an upload for good: its parts are deleted from object storage. */
export async function discard(jobId) {
	await api('DELETE', '/api/admin/uploads/' + jobId);
	forget(jobId);
	const at = uploads.findIndex((u) => u.jobId === jobId);
	if (at >= 0)
		uploads.splice(at, 1);
	tell('discarded');
	watchNow();
}

window.addEventListener('beforeunload', (event) => {
	if (own.busy())
		event.preventDefault();
});

/* Signing out stops the uploads of all tabs. */
beforeLeaving.push(async () => {
	const others = await uploadedByOthers(uploads.map((u) => u.jobId)), here = uploads.filter((u) => u.busy()).map((u) => u.file.name);
	const told = [here.length && 'Here: ' + here.join(', ') + '.', others.length && 'In another tab: ' + others.join(', ') + '.'].filter(Boolean);
	return !told.length || confirm('Films are still being uploaded. ' + told.join(' ') + ' Stop them and sign out?');
});
hub.addEventListener('gone', () => uploads.splice(0).forEach((u) => u.cancel()));
