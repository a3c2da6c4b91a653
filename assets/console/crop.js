/* The part of an image that viewers see, chosen in a dialog before the image is stored. */
import { el, set } from './dom.js';

const SAME = 0.02;		/* ratios that differ by less are the same */
const SCALE_MAX = 500;		/* percent */
const LONG_MAX = 2560;		/* pixels of the longer side of what is stored */
const QUALITY = 0.92;
const VIEW_WIDTH = 480, VIEW_HEIGHT = 320;
const WHOLE = 'whole';

/* Returns the visible rectangle, in pixels of the image. x and y are the place between the edges, from 0 to 1. */
function visible(image, { ratio, scale, x, y }) {
	const width = Math.min(image.width, image.height * ratio) / scale, height = width / ratio;
	return { left: (image.width - width) * x, top: (image.height - height) * y, width, height };
}

function paint(canvas, image, part) {
	const pen = canvas.getContext('2d');
	pen.clearRect(0, 0, canvas.width, canvas.height);
	pen.drawImage(image, part.left, part.top, part.width, part.height, 0, 0, canvas.width, canvas.height);
}

/* Resolves to a file with the visible part. Browsers write no AVIF. */
function encode(image, part, type) {
	const smaller = Math.min(1, LONG_MAX / Math.max(part.width, part.height)), pixels = (length) => Math.max(1, Math.round(length * smaller));
	const canvas = el('canvas', { width: pixels(part.width), height: pixels(part.height) });
	paint(canvas, image, part);
	return new Promise((done, fail) => {
		canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('The browser cannot write the image.'))), type === 'image/avif' ? 'image/webp' : type, QUALITY);
	});
}

/* Moves the visible part with the pointer. move(right, down) gets the way as a part of the width of the canvas. */
function dragged(canvas, move) {
	let last = null;
	canvas.addEventListener('pointerdown', (event) => {
		last = event;
		canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener('pointermove', (event) => {
		if (!last)
			return;
		move((event.clientX - last.clientX) / canvas.clientWidth, (event.clientY - last.clientY) / canvas.clientWidth);
		last = event;
	});
	canvas.addEventListener('lostpointercapture', () => { last = null; });
}

const slider = (min, max, value) => el('input', { type: 'range', min, max, step: 0.5, value });

/* Returns the elements of the dialog; at, which they change, is { ratio, scale, x, y }; ratio is null for the whole image. */
function controlsOf(image, shapes, at) {
	const canvas = el('canvas', { className: 'crop-view' }), size = el('output', { className: 'hint' });
	const shape = el('select', {}, ...shapes.map(({ name, ratio }) => el('option', { value: ratio, selected: ratio === at.ratio }, name)),
		el('option', { value: WHOLE }, 'The whole image'));
	const scale = slider(100, SCALE_MAX, 100), x = slider(0, 100, 50), y = slider(0, 100, 50);
	const draw = () => {
		const ratio = at.ratio || image.width / image.height, part = visible(image, { ...at, ratio }), width = Math.min(VIEW_WIDTH, VIEW_HEIGHT * ratio);
		set(canvas, { width: Math.round(width), height: Math.round(width / ratio) });
		paint(canvas, image, part);
		set(size, { textContent: Math.round(part.width) + ' × ' + Math.round(part.height) + ' of ' + image.width + ' × ' + image.height + ' pixels' });
		set(x, { value: String(at.x * 100), disabled: image.width - part.width < 1 });
		set(y, { value: String(at.y * 100), disabled: image.height - part.height < 1 });
		set(scale, { disabled: !at.ratio });
	};
	const change = (fields) => {
		Object.assign(at, fields);
		draw();
	};
	const between = (value) => Math.min(1, Math.max(0, value));
	shape.addEventListener('change', () => {
		scale.value = 100;
		change({ ratio: Number(shape.value) || null, scale: 1, x: 0.5, y: 0.5 });
	});
	scale.addEventListener('input', () => change({ scale: scale.value / 100 }));
	x.addEventListener('input', () => change({ x: x.value / 100 }));
	y.addEventListener('input', () => change({ y: y.value / 100 }));
	dragged(canvas, (right, down) => {
		const part = visible(image, { ...at, ratio: at.ratio || image.width / image.height }), wide = image.width - part.width, high = image.height - part.height;
		change({ x: wide < 1 ? at.x : between(at.x - right * part.width / wide), y: high < 1 ? at.y : between(at.y - down * part.width / high) });
	});
	canvas.setAttribute('role', 'img');
	canvas.setAttribute('aria-label', 'What will be visible');
	draw();
	return [canvas, size, el('label', {}, 'Shape', shape), el('label', {}, 'Scale', scale), el('label', {}, 'From left to right', x), el('label', {}, 'From top to bottom', y)];
}

/*
 * Asks for the visible part of an image that has none of the shapes, { name, ratio }. Resolves to a function that returns what is to be stored, or to
 * null after Cancel. An image that has a shape, or that this browser cannot read, is stored as it is.
 */
export async function cropAsked(file, label, shapes) {
	const image = await createImageBitmap(file).catch(() => null), off = ({ ratio }) => Math.abs(Math.log(image.width / image.height / ratio));
	const nearest = image && [...shapes].sort((a, b) => off(a) - off(b))[0];
	if (!image || off(nearest) < SAME)
		return () => file;
	const at = { ratio: nearest.ratio, scale: 1, x: 0.5, y: 0.5 }, cancel = el('button', { type: 'button', className: 'quiet' }, 'Cancel');
	const form = el('form', { method: 'dialog', className: 'crop' }, el('h2', { id: 'crop-h' }, 'What viewers see of the ' + label.toLowerCase()), ...controlsOf(image, shapes, at),
		el('p', { className: 'actions' }, cancel, el('button', { type: 'submit', className: 'primary' }, 'Upload')));
	const dialog = el('dialog', {}, form);
	dialog.setAttribute('aria-labelledby', 'crop-h');
	return new Promise((done) => {
		let sure = false;
		form.addEventListener('submit', () => { sure = true; });
		cancel.addEventListener('click', () => dialog.close());
		window.addEventListener('hashchange', () => dialog.close(), { once: true });		/* to another page */
		dialog.addEventListener('close', () => {
			dialog.remove();
			done(sure ? () => (at.ratio ? encode(image, visible(image, at), file.type) : file) : null);
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}
