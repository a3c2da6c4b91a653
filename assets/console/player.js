/* The player: HLS by hls.js, with the renditions as files where there are no playlists. Shows what is played and chooses quality, sound and text. */
import { $, arrange, el, hub, notice, ORDER, RENDITIONS, set, tellOf } from './dom.js';
import { api, Refusal } from './session.js';
import { storyboardClose, storyboardOpen } from './storyboard.js';

const STATE_MS = 500;
const AHEAD_SEC = 30;		/* buffered ahead, so that a change of quality shows soon */

const video = $('video');
let playing = null;		/* { film, way, at, hls, sources, source, renewed }; at: where it begins, in seconds */
let showing = null;
let library = null;

/* Loads hls.js, once. Resolves to null if it cannot be loaded, or if the browser has no MediaSource. */
function libraryLoad() {
	library = library || new Promise((done) => {
		const script = el('script', { src: '/console/hls.js' });
		script.onload = () => done(window.Hls && window.Hls.isSupported() ? window.Hls : null);
		script.onerror = () => {
			library = null;
			script.remove();
			done(null);
		};
		document.head.append(script);
	});
	return library;
}

const byRung = (a, b) => ORDER.indexOf(a.rendition) - ORDER.indexOf(b.rendition);

/* Returns how to play a film, { titleId, episodeId }: that of an episode, or of the title itself without episodeId. Drafts are played, too. */
async function wayOf({ titleId, episodeId }) {
	const { hls, progressive, text, previews } = await api('GET', '/api/admin/' + (episodeId ? 'episodes/' + episodeId : 'titles/' + titleId) + '/playback');
	const files = progressive.filter((v) => v.url);
	if (!hls && !files.length)
		throw new Refusal(404, 'no rendition is ready yet');
	return { hls, sources: files.sort(byRung), text, previews };
}

/* ---- choices ---- */

/* Draws radio buttons; those that stay keep the focus. items: [label, value, checked]. */
function drawChoices(id, items, choose) {
	$(id).hidden = items.length < 2;
	arrange($(id).querySelector('.options'), items.map(([label, value, checked]) => ({ key: value, label, checked, choose })), (item) => {
		const input = el('input', { type: 'radio', name: id, value: item.key }), text = el('span', {}), node = el('label', {}, input, text);
		node.update = (now) => {
			set(input, { checked: now.checked });
			set(text, { textContent: now.label });
			input.onchange = () => now.choose(now.key);
		};
		return node;
	});
}

const rungOf = (level) => (/v-(R\w+)\.m3u8/.exec(level.url[0]) || ['', String(level.height)])[1];

function drawQuality() {
	const { hls } = playing;
	if (!hls) {
		drawChoices('quality', playing.sources.map((s) => [RENDITIONS[s.rendition] || s.rendition, s.rendition, s === playing.source]),
			(rendition) => {
				show(playing.sources.find((s) => s.rendition === rendition));
				drawQuality();
			});
		return;
	}
	// A rendition may be listed with stereo and then with 5.1, which hls.js chooses by the sound.
	const levels = hls.levels.map((level, index) => ({ index, rendition: rungOf(level) })).sort(byRung)
		.filter((l, i, all) => i === 0 || all[i - 1].rendition !== l.rendition);
	drawChoices('quality', [['Automatic', 'auto', hls.autoLevelEnabled],
		...levels.map((l) => [RENDITIONS[l.rendition] || l.rendition, l.rendition, hls.manualLevel === l.index])],
	(rendition) => {
		hls.currentLevel = rendition === 'auto' ? -1 : levels.find((l) => l.rendition === rendition).index;
		drawQuality();
	});
}

function drawSound() {
	const tracks = playing.hls ? playing.hls.audioTracks : [];
	drawChoices('sound', tracks.map((t) => [t.name || t.lang, String(t.id), t.id === playing.hls.audioTrack]),
		(id) => { playing.hls.audioTrack = Number(id); });
}

/* The tracks of text, of hls.js or of <track> elements: [label, choose, shown]. */
function textsOf() {
	const { hls } = playing;
	if (hls)
		return hls.subtitleTracks.map((t) => [t.name || t.lang, () => { hls.subtitleTrack = t.id; }, hls.subtitleTrack === t.id]);
	const elements = [...video.querySelectorAll('track')];
	return elements.map((e) => [e.label, () => elements.forEach((other) => { other.track.mode = other === e ? 'showing' : 'disabled'; }),
		e.track.mode === 'showing']);
}

function noText() {
	if (playing.hls)
		playing.hls.subtitleTrack = -1;
	video.querySelectorAll('track').forEach((e) => { e.track.mode = 'disabled'; });
}

function drawTexts() {
	const tracks = textsOf(), none = ['None', '-1', !tracks.some(([, , shown]) => shown)];
	drawChoices('texts', tracks.length ? [none, ...tracks.map(([label, , shown], i) => [label, String(i), shown])] : [], (index) => {
		if (index === '-1')
			noText();
		else
			tracks[Number(index)][1]();
		drawTexts();
	});
}

/* ---- what is played ---- */

function levelText() {
	const { hls, source } = playing;
	const level = hls && hls.levels[hls.currentLevel];
	const name = hls ? level && (RENDITIONS[rungOf(level)] || rungOf(level)) : source && (RENDITIONS[source.rendition] || source.rendition);
	const rate = level && level.bitrate ? ' · ' + (level.bitrate / 1e6).toFixed(1) + ' Mbit/s' : '';
	if (!name || !video.videoWidth)
		return 'Loading';
	return name + ' · ' + video.videoWidth + ' × ' + video.videoHeight + rate + (hls ? ' · HLS' : ' · file');
}

function bufferText() {
	for (let i = 0; i < video.buffered.length; i++) {
		if (video.buffered.start(i) <= video.currentTime + 0.1 && video.currentTime <= video.buffered.end(i))
			return Math.floor(video.buffered.end(i) - video.currentTime) + ' s';
	}
	return '0 s';
}

function drawState() {
	if (!playing)
		return;
	set($('player-level'), { textContent: levelText() });
	set($('player-buffer'), { textContent: bufferText() });
}

/* ---- playing ---- */

/* Shows why the film is not played, with a button to try again; an empty text removes both. */
function trouble(text) {
	notice('player-error', text);
	$('player-retry').hidden = !text;
}

/* Plays a rendition as a file, from the position of the previous one. */
function show(source) {
	const at = video.currentTime || playing.at, paused = video.paused && playing.source;
	playing.source = source;
	trouble('');
	video.src = source.url;
	video.addEventListener('loadedmetadata', () => {
		if (at)
			video.currentTime = at;
		if (!paused)
			video.play().catch(() => {});
	}, { once: true });
}

function showFiles(renditionWanted) {
	if (playing.hls)
		playing.hls.destroy();
	playing.hls = null;
	video.crossOrigin = playing.way.text.some((t) => t.url) ? 'anonymous' : null;	/* text needs it, films of a bucket without CORS rules do not */
	video.replaceChildren(...playing.way.text.filter((t) => t.url).map((t) => el('track', {
		kind: t.kind, srclang: t.language, label: t.label || t.language, src: t.url })));
	playing.sources = playing.way.sources;
	show(playing.sources.find((s) => s.rendition === renditionWanted) || playing.sources.find((s) => s.rendition === 'R1080') || playing.sources[0]);
	drawQuality();
	drawSound();
	drawTexts();
}

/* Repairs the player once for each kind of error; after that plays the files, if there are any. */
function hlsFailed(Hls, data, repaired) {
	if (!data.fatal || !playing)
		return;
	if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !repaired.media) {
		repaired.media = true;
		playing.hls.recoverMediaError();
	} else if (playing.way.sources.length) {
		showFiles();
	} else {
		playing.hls.stopLoad();
		trouble('The film cannot be played: ' + (data.response && data.response.code ? 'the server returned status ' + data.response.code :
			data.type === Hls.ErrorTypes.NETWORK_ERROR ? 'object storage or the server does not respond' : data.details) + '.');
	}
}

function showHls(Hls) {
	const hls = playing.hls = new Hls({ enableWorker: false, maxBufferLength: AHEAD_SEC, maxMaxBufferLength: AHEAD_SEC, capLevelToPlayerSize: false,
		startPosition: playing.at || -1 });
	let { sound } = playing.film;		/* place of the audio track that is chosen at the beginning; -1: the default one */
	const repaired = {};
	hls.on(Hls.Events.ERROR, (event, data) => hlsFailed(Hls, data, repaired));
	hls.on(Hls.Events.MANIFEST_PARSED, () => {
		drawQuality();
		video.play().catch(() => {});
	});
	hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => {
		const wanted = hls.audioTracks[sound];
		sound = -1;
		if (wanted)
			hls.audioTrack = wanted.id;
		drawSound();
	});
	hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, drawSound);
	hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, drawTexts);
	hls.on(Hls.Events.SUBTITLE_TRACK_SWITCH, drawTexts);
	hls.loadSource(playing.way.hls);
	hls.attachMedia(video);
}

/* Plays a film in the way of wayOf(), from a position in seconds, as HLS unless Hls is null. */
function begin(film, way, Hls, at) {
	playing = { film, way, at, hls: null, sources: way.sources, source: null, renewed: false };
	trouble('');
	if (Hls)
		showHls(Hls);
	else if (way.sources.length)
		showFiles();
	else
		trouble('This browser cannot play HLS, and the film has no other form.');
	storyboardOpen(way.previews, video);
	drawSound();
	drawTexts();
	drawState();
}

/* Plays the film of a title or of one of its episodes, with the audio track at this place of its list. */
export async function play(titleId, name, episodeId = null, sound = -1) {
	const film = { titleId, episodeId, sound }, subject = 'play ' + (episodeId ? 'episode ' + episodeId : titleId);
	let way;
	try {
		way = await wayOf(film);
	} catch (error) {
		tellOf(subject, name + ' cannot be played: ' + error.message);
		return;
	}
	tellOf(subject, '');
	const Hls = way.hls ? await libraryLoad() : null;
	$('player-title').textContent = name;
	$('player').showModal();
	video.focus();
	showing = setInterval(drawState, STATE_MS);
	begin(film, way, Hls, 0);
}

/* Begins again, with new URLs, where the film has stopped. */
$('player-retry').addEventListener('click', async () => {
	const before = playing, at = video.currentTime || before.at;
	$('player-retry').hidden = true;
	video.focus();
	const way = await wayOf(before.film).catch((error) => error), Hls = way.hls ? await libraryLoad() : null;
	if (playing !== before)		/* the player has been closed */
		return;
	if (way instanceof Error) {
		trouble('The film cannot be played: ' + way.message);
		return;
	}
	if (before.hls)
		before.hls.destroy();
	storyboardClose();
	begin(before.film, way, Hls, at);
});

video.textTracks.addEventListener('change', () => playing && drawTexts());

/* Presigned URLs expire. On an error, loads new ones once before the error is shown. hls.js reports its own errors. */
video.addEventListener('error', async () => {
	if (!playing || playing.hls || !video.getAttribute('src'))
		return;
	if (!playing.renewed) {
		playing.renewed = true;
		try {
			const wanted = playing.source.rendition;
			playing.way = await wayOf(playing.film);
			showFiles(wanted);
			return;
		} catch {
			/* The error of the player is shown below. */
		}
	}
	trouble('The film cannot be played: ' + (video.error && video.error.code === MediaError.MEDIA_ERR_DECODE ?
		'the browser cannot decode it' : 'object storage does not respond or does not have it') + '.');
});

$('player-close').addEventListener('click', () => $('player').close());
$('player').addEventListener('close', () => {
	clearInterval(showing);
	if (playing && playing.hls)
		playing.hls.destroy();
	playing = null;
	storyboardClose();
	video.pause();
	video.removeAttribute('src');
	video.replaceChildren();
	video.load();
});
hub.addEventListener('leave', () => $('player').close());
