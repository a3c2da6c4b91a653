/* The player. */
import { $, el, notice, ORDER, RENDITIONS } from './dom.js';
import { api, Refusal } from './session.js';

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

export async function play(id, name) {
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
