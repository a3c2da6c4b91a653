/* Multipart uploads of films into object storage. */
import { hub, say, tell, wait } from './dom.js';
import { own, watchNow } from './server.js';
import { api, Refusal } from './session.js';

const FILES_AT_ONCE = 2;
const PARTS_AT_ONCE = 4;
const PART_TRIES = 6;

export const uploads = [];

export class Upload {
	constructor(file, name, title) {
		Object.assign(this, { file, name, title, key: 'u' + uploads.length, state: 'waiting', error: '', jobId: null });
		this.reset();
	}

	reset() {
		this.stop = new AbortController();
		this.sent = new Map();
		this.tags = [];
		this.reported = 0;
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
	}

	again() {
		this.reset();
		this.error = '';
		this.state = 'waiting';
		begin();
		tell('draw');
	}

	async run() {
		this.state = 'uploading';
		try {
			const target = this.title ? { titleId: this.title } : { titleName: this.name };
			this.job = await api('POST', '/api/admin/uploads/init', {
				kind: 'MOVIE', ...target, fileName: this.file.name, bytesTotal: this.file.size,
				contentType: this.file.type || 'application/octet-stream' });
			this.jobId = this.job.jobId;
			watchNow();
			const queue = [...this.job.presignedParts];
			await Promise.all(Array.from({ length: PARTS_AT_ONCE }, () => this.putFrom(queue)));
			this.stop.signal.throwIfAborted();
			this.state = 'finishing';
			tell('draw');
			await this.complete();
			this.state = 'sent';
			say(this.file.name + ' has been uploaded and will be transcoded.');
		} catch (error) {
			if (this.state === 'canceled')
				return;
			this.stop.abort();
			this.state = 'failed';
			this.error = error.message;
			say('Upload of ' + this.file.name + ' failed: ' + error.message);
		} finally {
			watchNow();
		}
	}

	async putFrom(queue) {
		for (let part = queue.shift(); part && !this.stop.signal.aborted; part = queue.shift()) {
			this.tags.push({ PartNumber: part.partNumber, ETag: await this.putWithRetries(part) });
			this.report();
		}
	}

	/* Uploads one part; after a lost connection or a server error, tries again with growing pauses. */
	async putWithRetries(part) {
		for (let attempt = 1; ; attempt++) {
			try {
				return await this.put(part);
			} catch (error) {
				this.sent.set(part.partNumber, 0);
				const final = error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
				if (final || attempt === PART_TRIES || this.stop.signal.aborted)
					throw error;
				await wait(500 * 2 ** attempt);
			}
		}
	}

	put(part) {
		const { partSize } = this.job;
		const from = (part.partNumber - 1) * partSize;
		return new Promise((done, fail) => {
			const request = new XMLHttpRequest();
			this.stop.signal.addEventListener('abort', () => request.abort());
			request.open('PUT', part.url);
			request.upload.onprogress = (event) => {
				this.sent.set(part.partNumber, event.loaded);
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
				else
					fail(new Refusal(request.status, 'Object storage returned status ' + request.status + '.'));
			};
			request.onerror = () => fail(new Refusal(0, 'Cannot connect to object storage. Check the network and the CORS rules of the bucket.'));
			request.onabort = () => fail(new Refusal(0, 'Stopped.'));
			request.send(this.file.slice(from, from + partSize));
		});
	}

	/* Reports the progress for other users of the console, at most every 2 s. Errors are ignored. */
	report() {
		const now = Date.now();
		if (now - this.reported < 2000)
			return;
		this.reported = now;
		api('PATCH', '/api/admin/uploads/' + this.jobId + '/progress', { bytesUploaded: this.bytes() }).catch(() => {});
	}

	/* Completes the upload. Can be repeated: a second completion changes nothing. */
	async complete() {
		this.tags.sort((a, b) => a.PartNumber - b.PartNumber);
		for (let attempt = 1; ; attempt++) {
			try {
				return await api('POST', '/api/admin/uploads/' + this.jobId + '/complete', {
					uploadId: this.job.uploadId, key: this.job.key, parts: this.tags });
			} catch (error) {
				if (attempt === PART_TRIES || (error.status >= 400 && error.status < 500))
					throw error;
				await wait(500 * 2 ** attempt);
			}
		}
	}
}

own.busy = () => uploads.some((u) => u.busy());

/* Starts waiting uploads, up to FILES_AT_ONCE. */
export function begin() {
	const running = uploads.filter((u) => u.state === 'uploading' || u.state === 'finishing').length;
	uploads.filter((u) => u.state === 'waiting').slice(0, Math.max(0, FILES_AT_ONCE - running))
		.forEach((u) => u.run().then(begin));
}

window.addEventListener('beforeunload', (event) => {
	if (uploads.some((u) => u.busy()))
		event.preventDefault();
});

hub.addEventListener('leaving', (event) => {
	if (uploads.some((u) => u.busy()) && !confirm('Films are still being uploaded. Stop them and sign out?'))
		event.preventDefault();
	else
		uploads.forEach((u) => u.cancel());
});
