/* The images and the trailer of a title: uploaded by drop or choice, or a frame of the film for the poster. */
import { cropAsked } from './crop.js';
import { arrange, el, offer, say, set } from './dom.js';
import { may, server } from './server.js';
import { api, Refusal } from './session.js';
import { addPart, section } from './title.js';

/* max: bytes; larger files are a mistake. */
const PICTURE = { type: 'image/', formats: 'a JPEG, PNG, WebP or AVIF image', accept: 'image/jpeg,image/png,image/webp,image/avif', max: 10 << 20 };
const WIDE = { name: 'Wide, 16:9', ratio: 16 / 9 }, UPRIGHT = { name: 'Upright, 2:3', ratio: 2 / 3 };
const KINDS = [
	{ field: 'posterUrl', label: 'Poster', kind: 'poster', shapes: [WIDE, UPRIGHT], ...PICTURE },
	{ field: 'thumbnailUrl', label: 'Thumbnail', kind: 'thumbnail', shapes: [WIDE], ...PICTURE },
	{ field: 'trailerUrl', label: 'Trailer', kind: 'trailer', type: 'video/', formats: 'an MP4 or WebM video', accept: 'video/mp4,video/webm', max: 500 << 20 },
];

/* Stores a file and returns its public URL. */
async function store(kind, file) {
	const { url, publicUrl } = await api('POST', '/api/admin/assets/presign', { kind });
	let response;
	try {
		response = await fetch(url, { method: 'PUT', body: file, headers: { 'Content-Type': file.type } });
	} catch {
		throw new Refusal(0, 'Cannot connect to object storage.');
	}
	if (!response.ok)
		throw new Refusal(response.status, 'Object storage returned status ' + response.status + '.');
	return publicUrl;
}

function complaintOf(kind, file) {
	if (!kind.accept.split(',').includes(file.type))		/* a drop may have any type */
		return file.name + ' is not ' + kind.formats + '.';
	return file.size > kind.max ? file.name + ' has more than ' + (kind.max >> 20) + ' MB.' : '';
}

/* One image or trailer: what there is, and a button that also takes a drop. */
function makePiece(kind, page) {
	const preview = el(kind.type === 'image/' ? 'img' : 'video', kind.type === 'image/' ? { alt: kind.label + ' of the title' } : { controls: true, preload: 'none' });
	const none = el('p', { className: 'hint' }), error = el('p', { className: 'field-note', role: 'alert', hidden: true }), actions = el('div', { className: 'job-actions wrap' });
	const input = el('input', { type: 'file', accept: kind.accept, hidden: true, id: 'art-' + kind.kind });
	const node = el('div', { className: 'piece', tabIndex: -1 }, el('h4', {}, kind.label), el('div', { className: 'piece-view' }, preview, none), error, actions, input);
	let busy = false, asking = false, drawn;

	const attempt = async (step, done) => {
		busy = true;
		set(error, { hidden: true });
		node.update(page);
		try {
			await step();
			set(error, { hidden: true });
			say(done);
		} catch (refusal) {
			set(error, { hidden: false, textContent: refusal.message });
		}
		busy = false;
		await page.reload();
		node.update(page);
	};
	const take = async (file) => {
		const complaint = busy || asking ? 'Wait until the upload before has ended.' : complaintOf(kind, file);
		set(error, { hidden: !complaint, textContent: complaint });
		if (complaint)
			return;
		asking = true;
		const make = kind.shapes ? await cropAsked(file, kind.label, kind.shapes) : () => file;
		asking = false;
		if (make)
			attempt(async () => api('PATCH', '/api/admin/titles/' + page.id, { [kind.field]: await store(kind.kind, await make()) }), kind.label + ' has been stored.');
	};
	preview.addEventListener('error', () => {
		set(preview, { hidden: true });
		set(none, { hidden: false, textContent: 'Stored, but its address cannot be read from here' });
	});
	input.addEventListener('change', () => {
		if (input.files.length)
			take(input.files[0]);
		input.value = '';
	});
	node.addEventListener('drop', (event) => {
		event.preventDefault();
		event.stopPropagation();		/* it is not for a new title */
		document.getElementById('drop').classList.remove('over');
		if (may('manage') && event.dataTransfer.files.length)
			take(event.dataTransfer.files[0]);
	});
	node.update = ({ title }) => {
		const url = title[kind.field], shown = url && /^https?:/.test(url);
		if (busy || url !== drawn) {
			drawn = busy ? undefined : url;
			set(preview, { hidden: !shown });
			if (shown && preview.getAttribute('src') !== url)
				preview.src = url;
			set(none, { hidden: Boolean(shown), textContent: busy ? 'Uploading' : url ? 'Stored at an address that this page cannot show' : 'None yet' });
		}
		const remove = ['Remove', () => attempt(() => api('PATCH', '/api/admin/titles/' + page.id, { [kind.field]: null }), kind.label + ' has been removed.')];
		offer(actions, may('manage') && !busy ? [[url ? 'Replace' : 'Upload', () => input.click()], ...(url ? [remove] : [])] : [], kind.label);
	};
	return node;
}

/* The frames that the transcode worker has chosen; one of them becomes the poster. */
function makeFrames(page) {
	const list = el('ul', { className: 'frames' }), error = el('p', { className: 'field-note', role: 'alert', hidden: true });
	const node = el('details', { className: 'candidates', hidden: true }, el('summary', {}, 'Frames of the film for the poster'), error, list);
	let seen = null, loading = false;
	const choose = async (candidate, number) => {
		try {
			await api('POST', '/api/admin/titles/' + page.id + '/poster', { candidate });
			set(error, { hidden: true });
			say('Frame ' + number + ' is the poster now.');
		} catch (refusal) {
			set(error, { hidden: false, textContent: refusal.message });
		}
		page.reload();
	};
	node.update = async () => {
		if (!may('manage') || loading || seen === server.catalogue)
			return;
		const wanted = server.catalogue;
		loading = true;
		const answer = await api('GET', '/api/admin/titles/' + page.id + '/posters').catch(() => null);
		loading = false;
		if (!answer)		/* the next poll asks again */
			return;
		seen = wanted;
		const posters = answer.posters.filter((p) => p.url);
		node.hidden = !posters.length;
		arrange(list, posters.map((poster, i) => ({ key: poster.id, poster, number: i + 1 })), ({ poster, number }) => {
			const button = el('button', { type: 'button', ariaLabel: 'Use frame ' + number + ' as the poster' }, el('img', { src: poster.url, alt: '', loading: 'lazy' })), item = el('li', {}, button);
			button.addEventListener('click', () => choose(poster.id, number));
			item.update = () => {};
			return item;
		});
	};
	return node;
}

addPart(25, (page) => {
	const pieces = KINDS.map((kind) => makePiece(kind, page)), frames = makeFrames(page), node = section('Images and trailer', el('div', { className: 'pieces' }, ...pieces), frames);
	node.update = (now) => {
		pieces.forEach((piece) => piece.update(now));
		frames.update();
	};
	return node;
});
