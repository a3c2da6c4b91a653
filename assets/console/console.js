/* The web console: sign-in, multipart uploads of films, their progress, publishing and playback. */
'use strict';

const RENDITIONS = { R4K: '4K', R2K: '1440p', R1080: '1080p', R720: '720p', R360: '360p' };
const ORDER = Object.keys(RENDITIONS);
const FILES_AT_ONCE = 2;
const PARTS_AT_ONCE = 4;
const PART_TRIES = 6;
const WATCH_BUSY_MS = 1000;
const WATCH_IDLE_MS = 10000;

const $ = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/* Creates an element. Texts of the server and file names become text nodes, never markup. */
function el(tag, props, ...children) {
	const node = Object.assign(document.createElement(tag), props);
	node.append(...children.filter((child) => child !== null && child !== undefined));
	return node;
}

function say(text) {
	$('say').textContent = text;
}

function notice(id, text) {
	$(id).textContent = text || '';
	$(id).hidden = !text;
}

/* ---- the session ---- */

class Refusal extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

const session = {
	load() {
		try {
			return JSON.parse(sessionStorage.getItem('session')) || {};
		} catch {
			return {};
		}
	},
	save(answer) {
		const name = answer.user ? answer.user.name || answer.user.email : this.load().name;
		sessionStorage.setItem('session', JSON.stringify({
			access: answer.accessToken, refresh: answer.refreshToken, device: answer.deviceId, name }));
		localStorage.setItem('device', answer.deviceId);
	},
	clear() {
		sessionStorage.removeItem('session');
	},
};

/* Returns the message of an error response, or a text for its status. */
function words(status, body) {
	const fields = body && body.errors && body.errors.fieldErrors;
	const field = fields && Object.keys(fields)[0];
	if (body && typeof body.message === 'string')
		return body.message;
	if (field)
		return field + ': ' + fields[field][0];
	if (status === 503)
		return 'The service is temporarily unavailable (503). Try again in a moment.';
	return 'The server returned status ' + status + '.';
}

async function call(method, path, body, token) {
	let response;
	try {
		response = await fetch(path, {
			method,
			headers: { ...(token && { Authorization: 'Bearer ' + token }), ...(body && { 'Content-Type': 'application/json' }) },
			body: body && JSON.stringify(body),
			cache: 'no-store',
		});
	} catch {
		throw new Refusal(0, 'Cannot connect to the server.');
	}
	const text = await response.text();
	let answer = null;
	try {
		answer = text ? JSON.parse(text) : null;
	} catch {
		answer = null;
	}
	if (!response.ok)
		throw new Refusal(response.status, words(response.status, answer));
	return answer;
}

let renewing = null;

/* Refreshes the access token, once for all requests that wait. Resolves to false if the user has to sign in. */
function renew() {
	renewing = renewing || (async () => {
		const { refresh } = session.load();
		if (!refresh)
			return false;
		try {
			session.save(await call('POST', '/api/auth/refresh', { refreshToken: refresh }));
			return true;
		} catch (error) {
			if (error.status === 401 || error.status === 400)
				return false;
			throw error;
		}
	})().finally(() => { renewing = null; });
	return renewing;
}

/* Sends a request of the signed-in user. If the session has ended, waits for the next sign-in and repeats the request. */
async function api(method, path, body) {
	for (;;) {
		const { access } = session.load();
		try {
			if (access)
				return await call(method, path, body, access);
		} catch (error) {
			if (error.status !== 401)
				throw error;
			if (session.load().access !== access || await renew())
				continue;
		}
		await askToSignIn(access ? 'Your session has ended. Sign in to continue.' : '');
	}
}

let atTheDoor = null;

function askToSignIn(why) {
	if (!atTheDoor) {
		atTheDoor = {};
		atTheDoor.done = new Promise((open) => { atTheDoor.open = open; });
		session.clear();
		for (const dialog of document.querySelectorAll('dialog[open]'))
			dialog.close();
		notice('sign-in-error', why);
		$('room').hidden = true;
		$('door').hidden = false;
		$('email').focus();
	}
	return atTheDoor.done;
}

function enter() {
	$('who').textContent = session.load().name || '';
	$('door').hidden = true;
	$('room').hidden = false;
	$('password').value = '';
	if (atTheDoor) {
		atTheDoor.open();
		atTheDoor = null;
	}
	watchNow();
}

$('sign-in').addEventListener('submit', async (event) => {
	event.preventDefault();
	const form = event.target, button = form.querySelector('button');
	if (!form.email.value || !form.password.value) {
		notice('sign-in-error', 'Enter your email address and your password.');
		(form.email.value ? form.password : form.email).focus();
		return;
	}
	button.disabled = true;
	notice('sign-in-error', '');
	try {
		const device = localStorage.getItem('device');
		session.save(await call('POST', '/api/admin/login', {
			email: form.email.value, password: form.password.value, ...(device && { deviceId: device }) }));
		say('Signed in.');
		enter();
		$('drop').focus();
	} catch (error) {
		notice('sign-in-error', error.message);
		form.password.select();
		form.password.focus();
	} finally {
		button.disabled = false;
	}
});

$('sign-out').addEventListener('click', async () => {
	if (uploads.some((u) => u.busy()) && !confirm('Films are still being uploaded. Stop them and sign out?'))
		return;
	uploads.forEach((u) => u.cancel());
	const { access, refresh, device } = session.load();
	askToSignIn('');
	try {
		await call('POST', '/api/admin/logout', { refreshToken: refresh, deviceId: device }, access);
	} catch {
		/* The session expires by itself; this page has already removed it. */
	}
});

/* ---- uploading ---- */

const uploads = [];

class Upload {
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
		draw();
	}

	again() {
		this.reset();
		this.error = '';
		this.state = 'waiting';
		begin();
		draw();
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
			draw();
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
				drawSoon();
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

/* Starts waiting uploads, up to FILES_AT_ONCE. */
function begin() {
	const running = uploads.filter((u) => u.state === 'uploading' || u.state === 'finishing').length;
	uploads.filter((u) => u.state === 'waiting').slice(0, Math.max(0, FILES_AT_ONCE - running))
		.forEach((u) => u.run().then(begin));
}

window.addEventListener('beforeunload', (event) => {
	if (uploads.some((u) => u.busy()))
		event.preventDefault();
});

/* ---- choosing films ---- */

let pickFor = null;

function nameOf(file) {
	return file.name.replace(/\.[^.]+$/, '').replace(/[_.]+/g, ' ').trim() || file.name;
}

function addRow(file, index, chosen) {
	const name = el('input', { name: 'name' + index, value: nameOf(file), required: true, maxLength: 200 });
	const where = el('select', { name: 'where' + index }, el('option', { value: '' }, 'A new title'),
		...titles.filter((t) => t.type === 'MOVIE').map((t) => el('option', { value: t.id, selected: t.id === chosen }, t.name)));
	const nameLabel = el('label', {}, 'Name ', name);
	const follow = () => { nameLabel.hidden = where.value !== ''; };
	where.addEventListener('change', follow);
	follow();
	return el('div', { className: 'add-row' }, el('p', { className: 'add-file' }, file.name + ' · ' + size(file.size)),
		el('label', {}, 'Film of ', where), nameLabel);
}

function size(bytes) {
	const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
	let i = 0;
	while (bytes >= 1000 && i < units.length - 1) {
		bytes /= 1000;
		i++;
	}
	return (i && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + ' ' + units[i];
}

function choose(files, chosen) {
	const empty = files.filter((f) => f.size === 0), good = files.filter((f) => f.size > 0);
	notice('trouble', empty.length ? empty.map((f) => f.name).join(', ') + ' is empty or a folder and cannot be uploaded.' : '');
	if (!good.length || atTheDoor)
		return;
	$('add-rows').replaceChildren(...good.map((file, index) => addRow(file, index, chosen)));
	$('add-form').onsubmit = () => {
		good.forEach((file, index) => {
			const name = $('add-form').elements['name' + index].value.trim() || nameOf(file);
			uploads.push(new Upload(file, name, $('add-form').elements['where' + index].value || null));
		});
		begin();
		draw();
		say(good.length === 1 ? 'The upload of ' + good[0].name + ' begins.' : 'The upload of ' + good.length + ' films begins.');
	};
	$('add').showModal();
	const first = $('add-rows').querySelector('label:not([hidden]) input') || $('add-rows').querySelector('select');
	first.focus();
}

$('add-cancel').addEventListener('click', () => $('add').close());
$('drop').addEventListener('click', () => {
	pickFor = null;
	$('pick').click();
});
$('pick').addEventListener('change', () => {
	const files = [...$('pick').files];
	$('pick').value = '';
	choose(files, pickFor);
});
for (const type of ['dragenter', 'dragover']) {
	document.addEventListener(type, (event) => {
		if (![...event.dataTransfer.types].includes('Files'))
			return;
		event.preventDefault();
		$('drop').classList.add('over');
	});
}
document.addEventListener('dragleave', (event) => {
	if (!event.relatedTarget)
		$('drop').classList.remove('over');
});
document.addEventListener('drop', (event) => {
	event.preventDefault();
	$('drop').classList.remove('over');
	choose([...event.dataTransfer.files], null);
});

/* ---- state of the server ---- */

let titles = [];
let overview = { uploads: [], ready: {} };
const seen = new Map();		/* last seen status of each upload */
const dismissed = new Set();
let watching = null;
let looking = false;
let lookAgain = false;

const active = (job) => job.status === 'PROCESSING';

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
	overview = await api('GET', '/console/api/overview');
	const changed = overview.uploads.map(notePassing).some(Boolean);
	if (changed || withTitles || !titles.length)
		titles = (await api('GET', '/api/admin/titles')).titles;
}

async function watch(withTitles) {
	clearTimeout(watching);
	if (looking) {
		lookAgain = true;
		return;
	}
	looking = true;
	do {
		lookAgain = false;
		try {
			await look(withTitles);
			notice('trouble', '');
		} catch (error) {
			notice('trouble', error.message + (error.status === 0 || error.status >= 500 ? ' Retrying.' : ''));
		}
	} while (lookAgain);
	looking = false;
	draw();
	const busy = overview.uploads.some(active) || uploads.some((u) => u.busy());
	watching = setTimeout(watch, busy && !document.hidden ? WATCH_BUSY_MS : WATCH_IDLE_MS);
}

function watchNow() {
	watch(true);
}

document.addEventListener('visibilitychange', () => {
	if (!document.hidden && !atTheDoor)
		watchNow();
});

/* ---- drawing ---- */

let drawing = false;

function drawSoon() {
	if (drawing)
		return;
	drawing = true;
	requestAnimationFrame(() => {
		drawing = false;
		drawJobs();
	});
}

/* Updates a list with one element for each key. Existing elements are kept, so that they keep the focus. */
function arrange(list, items, make) {
	const kept = new Map([...list.children].map((node) => [node.dataset.key, node]));
	items.forEach((item, index) => {
		let node = kept.get(item.key);
		if (!node) {
			node = make(item);
			node.dataset.key = item.key;
		}
		kept.delete(item.key);
		if (list.children[index] !== node)
			list.insertBefore(node, list.children[index] || null);
		node.update(item);
	});
	kept.forEach((node) => node.remove());
}

function set(node, props) {
	for (const [name, value] of Object.entries(props)) {
		if (node[name] !== value)
			node[name] = value;
	}
}

/* Updates the buttons of an item: [label, action, primary]. A button is identified by its label. */
function offer(holder, buttons, about) {
	const items = buttons.map(([label, action, primary]) => ({ key: label, label, action, primary }));
	arrange(holder, items, (item) => {
		const button = el('button', { type: 'button', className: item.primary ? 'primary' : '' }, item.label);
		button.update = (now) => {
			button.onclick = now.action;
			button.setAttribute('aria-label', now.label + ': ' + about);
		};
		return button;
	});
	holder.hidden = !items.length;
}

function rungs(job) {
	const all = job && (job.status === 'PROCESSING' || job.status === 'COMPLETED') ? job.renditions : {};
	return ORDER.filter((r) => r in all).map((r) => ({
		key: r, label: RENDITIONS[r], percent: job.status === 'COMPLETED' ? 100 : Math.min(100, Math.floor(all[r])) }));
}

function makeRung(item) {
	const output = el('output', {}), bar = el('progress', { max: 100, ariaLabel: item.label });
	const node = el('li', { className: 'rung' }, el('span', {}, item.label), output, bar);
	node.update = (now) => {
		set(output, { textContent: now.percent + ' %' });
		set(bar, { value: now.percent, className: now.percent === 100 ? 'done' : '' });
	};
	return node;
}

/* What was left out of a film or repaired in it. */
function makeNote(item) {
	const node = el('li', { textContent: item.text });
	node.update = () => {};
	return node;
}

/* Returns the state of a film as one line. percent is null if there is no progress to show. */
function stateOf(upload, job) {
	if (upload && upload.state === 'waiting')
		return { text: 'Waiting to upload', percent: null };
	if (upload && upload.state === 'uploading')
		return { text: 'Uploading · ' + upload.percent() + ' % of ' + size(upload.file.size), percent: upload.percent() };
	if (upload && upload.state === 'finishing')
		return { text: 'Completing the upload', percent: 100 };
	if (upload && upload.state === 'canceled')
		return { text: 'Stopped', percent: null };
	if (upload && upload.state === 'failed')
		return { text: 'Upload failed: ' + upload.error, percent: null, kind: 'bad' };
	if (!job)
		return { text: 'Uploaded', percent: 100 };
	if (job.status === 'COMPLETED')
		return { text: 'Ready to play', percent: 100, kind: 'good' };
	if (job.status === 'FAILED')
		return { text: 'Failed: ' + (job.error || 'unknown error'), percent: null, kind: 'bad' };
	if (job.status !== 'PROCESSING')
		return { text: 'Uploading in another browser · ' + size(job.bytesUploaded), percent: null };
	if (job.state === 'running' && typeof job.percent === 'number')
		return { text: 'Transcoding · ' + Math.floor(job.percent) + ' %', percent: job.percent };
	if (job.state === 'running')
		return { text: 'Transcoding', percent: 0 };
	return { text: job.attempts ? 'Transcoding failed; waiting for the next attempt' : 'Waiting to be transcoded', percent: 0 };
}

function actionsOf(upload, job) {
	const buttons = [];
	if (job && job.status === 'COMPLETED' && overview.ready[job.titleId]) {
		buttons.push(['Play', () => play(job.titleId, job.titleName), true]);
		if (!job.published)
			buttons.push(['Publish', () => publish(job.titleId, job.titleName)]);
	}
	if (upload && upload.busy() && upload.state !== 'finishing')
		buttons.push(['Stop', () => upload.cancel()]);
	if (upload && (upload.state === 'failed' || upload.state === 'canceled'))
		buttons.push(['Try again', () => upload.again()]);
	if (upload ? !upload.busy() && (!job || !active(job)) : job.status === 'FAILED' || job.status === 'COMPLETED')
		buttons.push(['Dismiss', () => dismiss(upload, job)]);
	return buttons;
}

function dismiss(upload, job) {
	if (upload)
		uploads.splice(uploads.indexOf(upload), 1);
	if (job)
		dismissed.add(job.id);
	draw();
	$('drop').focus();
}

function makeJob() {
	const name = el('span', {}), file = el('span', { className: 'job-file' }), state = el('span', { className: 'job-state' });
	const bar = el('progress', { max: 100 }), list = el('ul', { className: 'rungs' }), notes = el('ul', { className: 'notes' }), actions = el('div', { className: 'job-actions' });
	const node = el('li', { className: 'card job' }, el('div', { className: 'job-top' }, el('span', { className: 'job-name' }, name, file), state),
		bar, list, notes, actions);
	node.update = ({ upload, job }) => {
		const now = stateOf(upload, job), title = (job && (job.episodeName || job.titleName)) || (upload && upload.name) || 'A film';
		const items = upload && upload.state !== 'sent' ? [] : rungs(job);
		const told = job && !active(job) ? (job.notes || []).map((text) => ({ key: text, text })) : [];
		set(name, { textContent: title });
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

/* Draws the uploads of this page, and recent or active ones of other browsers. */
function drawJobs() {
	const mine = uploads.map((upload) => ({ key: upload.key, upload, job: overview.uploads.find((j) => j.id === upload.jobId) }));
	const own = new Set(uploads.map((u) => u.jobId));
	const day = Date.now() - 24 * 3600 * 1000, recent = Date.now() - 10 * 60 * 1000;
	const others = overview.uploads.filter((job) => !own.has(job.id) && !dismissed.has(job.id) && (active(job) ||
		(job.status === 'FAILED' && Date.parse(job.updatedAt) > day) ||
		((job.status === 'COMPLETED' || job.status === 'UPLOADING') && Date.parse(job.updatedAt) > recent)))
		.map((job) => ({ key: 'j' + job.id, upload: null, job }));
	arrange($('jobs'), [...mine.reverse(), ...others], makeJob);
	$('work').hidden = !$('jobs').children.length;
}

function makeTitle(item) {
	const { title } = item;
	const poster = el('div', { className: 'poster tint' + Number(title.id) % 5 }, title.name.trim().charAt(0).toUpperCase());
	const name = el('h3', { className: 'title-name' }), tags = el('p', { className: 'tags' }), actions = el('div', { className: 'title-actions' });
	const art = title.thumbnailUrl || title.posterUrl;
	if (art && /^https?:/.test(art)) {
		const image = el('img', { src: art, alt: '' });
		image.onload = () => poster.replaceChildren(image);
	}
	const node = el('li', { className: 'card title' }, poster, el('div', { className: 'title-text' }, name, tags), actions);
	node.update = (now) => drawTitle(now.title, name, tags, actions);
	return node;
}

function drawTitle(title, name, tags, actions) {
	const ready = overview.ready[title.id] || [], draft = title.archived || title.pendingReview;
	const labels = [[draft ? 'Draft' : 'Published', draft ? 'wait' : 'good']];
	if (title.type === 'SERIES')
		labels.push([title.episodeCount + (title.episodeCount === 1 ? ' episode' : ' episodes'), '']);
	else
		labels.push(...(ready.length ? ready.map((r) => [RENDITIONS[r], '']) : [['No film yet', '']]));
	const buttons = [];
	if (ready.length)
		buttons.push(['Play', () => play(title.id, title.name)]);
	if (draft && (ready.length || title.type === 'SERIES'))
		buttons.push(['Publish', () => publish(title.id, title.name), true]);
	if (title.type === 'MOVIE')
		buttons.push([ready.length ? 'Replace film' : 'Add film', () => {
			pickFor = title.id;
			$('pick').click();
		}]);
	set(name, { textContent: title.name });
	arrange(tags, labels.map(([text, kind]) => ({ key: text, text, kind })), (item) => {
		const tag = el('span', { className: 'tag ' + item.kind }, item.text);
		tag.update = () => {};
		return tag;
	});
	offer(actions, buttons, title.name);
}

function drawTitles() {
	const wanted = $('find').value.trim().toLowerCase();
	const shown = titles.filter((t) => t.name.toLowerCase().includes(wanted));
	arrange($('titles'), shown.map((title) => ({ key: title.id, title })), makeTitle);
	$('count').textContent = titles.length || '';
	$('no-titles').hidden = shown.length > 0;
	$('no-titles').textContent = titles.length ? 'No title matches.' : 'There are no titles yet. Drop a film above to create the first one.';
}

function draw() {
	drawJobs();
	drawTitles();
}

$('find').addEventListener('input', drawTitles);

/* ---- publishing and playing ---- */

async function publish(id, name) {
	try {
		await api('POST', '/api/admin/titles/' + id + '/publish', {});
		say(name + ' is published.');
	} catch (error) {
		notice('trouble', name + ' could not be published: ' + error.message);
		return;
	}
	watchNow();
}

const video = $('video');
let playing = null;

async function sourcesOf(id) {
	const { title } = await api('GET', '/api/admin/titles/' + id);
	return title.assetVersions.filter((v) => v.status === 'READY' && v.url)
		.sort((a, b) => ORDER.indexOf(a.rendition) - ORDER.indexOf(b.rendition));
}

/* Plays a rendition from the position of the previous one. */
function show(source) {
	const at = video.currentTime, paused = video.paused && playing.source;
	playing.source = source;
	notice('player-error', '');
	video.src = source.url;
	video.addEventListener('loadedmetadata', () => {
		if (at)
			video.currentTime = at;
		if (!paused)
			video.play().catch(() => {});
	}, { once: true });
}

function drawQuality() {
	$('quality').replaceChildren($('quality').querySelector('legend'), ...playing.sources.map((source) => {
		const input = el('input', { type: 'radio', name: 'rendition', value: source.rendition, checked: source === playing.source });
		input.addEventListener('change', () => show(source));
		return el('label', {}, input, el('span', {}, RENDITIONS[source.rendition] || source.rendition));
	}));
}

async function play(id, name) {
	try {
		const sources = await sourcesOf(id);
		if (!sources.length)
			throw new Refusal(404, 'no rendition is ready yet');
		playing = { id, sources, source: null, renewed: false };
	} catch (error) {
		notice('trouble', name + ' cannot be played: ' + error.message);
		return;
	}
	$('player-title').textContent = name;
	$('player').showModal();
	video.focus();
	show(playing.sources.find((s) => s.rendition === 'R1080') || playing.sources[0]);
	drawQuality();
}

/* Presigned URLs expire. On an error, loads new ones once before the error is shown. */
video.addEventListener('error', async () => {
	if (!playing || !video.getAttribute('src'))
		return;
	if (!playing.renewed) {
		playing.renewed = true;
		try {
			const wanted = playing.source.rendition;
			playing.sources = await sourcesOf(playing.id);
			show(playing.sources.find((s) => s.rendition === wanted) || playing.sources[0]);
			drawQuality();
			return;
		} catch {
			/* The error of the player is shown below. */
		}
	}
	notice('player-error', 'The film cannot be played: ' + ((video.error && video.error.message) || 'object storage does not respond') + '.');
});

$('player-close').addEventListener('click', () => $('player').close());
$('player').addEventListener('close', () => {
	playing = null;
	video.pause();
	video.removeAttribute('src');
	video.load();
});

/* ---- operations: the output of "wanzami status", updated while it is shown ---- */

const OPERATIONS_MS = 2000;
let operating = null;

function makeSection(item) {
	const list = el('dl', {}), node = el('section', { className: 'card' }, el('h3', {}, item.key), list);
	node.update = (now) => arrange(list, now.lines.map((line) => ({ key: line.name, line })), (entry) => {
		const value = el('dd', {}), pair = el('div', {}, el('dt', {}, entry.line.name), value);
		pair.update = (fresh) => set(value, { textContent: fresh.line.value });
		return pair;
	});
	return node;
}

async function operate() {
	clearTimeout(operating);
	if ($('operations').hidden)
		return;
	try {
		const { lines } = await api('GET', '/console/api/operations');
		const sections = [...new Set(lines.map((line) => line.section))];
		arrange($('operations'), sections.map((key) => ({ key, lines: lines.filter((line) => line.section === key) })), makeSection);
	} catch (error) {
		notice('trouble', error.message + ' Retrying.');
	}
	operating = setTimeout(operate, document.hidden ? WATCH_IDLE_MS : OPERATIONS_MS);
}

$('operations-show').addEventListener('click', () => {
	const shown = $('operations').hidden;
	$('operations').hidden = !shown;
	$('operations-show').textContent = shown ? 'Hide' : 'Show';
	$('operations-show').setAttribute('aria-expanded', String(shown));
	operate();
});

/* ---- start ---- */

if (session.load().access)
	enter();
else
	askToSignIn('');
