// Watches a film in a player: begins, seeks far ahead and back, goes to the highest level and to the lowest, and ends. The query has the URL of
// the film (?film=…). Reports what was seen and heard, for test_players.py to judge. With ?tones=400,800 it chooses each sound of the film in turn, in
// the order of the playlist, and waits for its tone. With ?surround=1 it chooses 5.1.
//
// The picture of the test film is its frame number in binary, one bit for each sixteenth of the width, the lowest on the left. The sound is a tone of
// 400 Hz, 100 Hz more every five seconds.
'use strict';
const RATE = 25, BITS = 16, PATIENCE = 40;	// frames per second, bits, seconds to wait for one condition
const film = new URLSearchParams(location.search).get('film');
const report = (what) => fetch('/report', { method: 'POST', body: JSON.stringify(what) });
const seen = { steps: [], errors: [], warnings: [] };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, condition) {
	for (const end = performance.now() + PATIENCE * 1000; performance.now() < end; await pause(20)) {
		if (condition())
			return;
	}
	throw new Error(`waited ${PATIENCE} s for ${what}`);
}

/* Resolves like `promise`, or rejects when patience is over. */
function within(what, promise) {
	return Promise.race([promise, pause(PATIENCE * 1000).then(() => { throw new Error(`waited ${PATIENCE} s for ${what}`); })]);
}

/* Resolves with the media time of the next frame that is presented, and its number less the one that this time should have. */
function frame(video, canvas) {
	return new Promise((resolve) => video.requestVideoFrameCallback((now, { mediaTime }) => {
		const context = canvas.getContext('2d', { willReadFrequently: true });
		context.drawImage(video, 0, 0, canvas.width, canvas.height);
		let number = 0;
		for (let bit = 0; bit < BITS; bit++)
			number += (context.getImageData((bit + 0.5) * canvas.width / BITS, canvas.height / 2, 1, 1).data[0] > 128) << bit;
		resolve({ time: mediaTime, off: number - Math.round(mediaTime * RATE) });
	}));
}

/* Returns an analyser of the sound. Firefox has none on a machine without an audio device: there, returns null. */
function listen(video) {
	if ('mozHasAudio' in video)
		return null;
	const context = new AudioContext(), sound = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
	context.createMediaElementSource(video).connect(sound).connect(context.destination);
	return sound;
}

/* Returns the loudest frequency. */
function loudest(analyser) {
	const bins = new Float32Array(analyser.frequencyBinCount);
	analyser.getFloatFrequencyData(bins);
	const loud = bins.reduce((best, level, i) => level > bins[best] ? i : best, 0);
	return bins[loud] > -60 ? loud * analyser.context.sampleRate / analyser.fftSize : 0;
}

/* Plays on for a second, then notes the last frames, and the tone less the one that this time should have. */
async function observe(name, video, sound) {
	const canvas = Object.assign(document.createElement('canvas'), { width: BITS * 8, height: 8 });
	const step = { name, from: video.currentTime, off: [] };
	seen.steps.push(step);
	await until(`${name}: to play`, () => !video.paused && video.currentTime > step.from + 1);
	for (let i = 0; i < 5; i++) {
		const { time, off } = await within(`${name}: a frame`, frame(video, canvas));
		step.time = time;
		step.off.push(off);
	}
	if (sound) {
		await until(`${name}: the tone`, () => {
			step.heard = loudest(sound);
			step.tone = 400 + 100 * Math.floor(video.currentTime / 5);
			return Math.abs(step.heard - step.tone) < 30;
		}).catch(() => seen.errors.push(`${name}: heard ${step.heard} Hz in place of ${step.tone}`));
	} else if (!video.mozHasAudio) {
		seen.errors.push(`${name}: no sound`);
	}
	step.width = video.videoWidth;
}

async function seek(name, video, sound, time) {
	video.currentTime = time;
	await until(`${name}: to seek`, () => !video.seeking);
	await observe(name, video, sound);
}

async function level(name, video, sound, player, index, time) {
	await player.level(index);
	video.currentTime = time;
	await until(`${name}: the other size`, () => video.videoWidth === player.levels()[index] && !video.seeking);
	await observe(name, video, sound);
}

/* Opens the film and plays it. Resolves with the video element and the analyser of its sound. */
async function begin(player) {
	const opened = document.querySelector('video');
	opened.crossOrigin = 'anonymous';
	const video = await within('the player to open the film', player.open(opened, film)) || opened;
	video.addEventListener('error', () => seen.errors.push(`video error ${video.error.code}: ${video.error.message}`));
	const sound = listen(video);
	await within('play()', video.play());
	return { video, sound };
}

/*
 * `player` has open(video, film), which resolves with the video element, and if it has levels: levels(), their widths, lowest first, and level(index).
 * Players that choose among sounds have sounds(), in the order of the playlist, each an array of what the player knows of it, and sound(index); and surround(), which chooses 5.1.
 */
async function watch(player) {
	const { video, sound } = await begin(player);
	await observe('begin', video, sound);
	seen.duration = video.duration;
	await seek('ahead', video, sound, 71);
	await seek('back', video, sound, 31);
	if (player.level) {
		seen.levels = player.levels();
		await level('up', video, sound, player, seen.levels.length - 1, 51);
		await level('down', video, sound, player, 0, 11);
	}
	await until('end: to know the end', () => video.duration > 0);
	video.currentTime = video.duration - 2;
	await until('end', () => video.ended);
	seen.end = video.currentTime;
}

/* Waits for the tone of the first sound, then chooses each sound, the last one first. Buffered sound of another may be played before. */
async function languages(player, tones) {
	const { sound } = await begin(player);
	let heard = 0;
	const tone = (hertz) => until(`${hertz} Hz, not ${heard}`, () => Math.abs((heard = loudest(sound)) - hertz) < 30);
	await tone(tones[0]);
	seen.sounds = player.sounds();
	for (let index = tones.length - 1; index >= 0; index--) {
		player.sound(index);
		await tone(tones[index]).catch(() => seen.errors.push(`heard ${heard} Hz in place of ${tones[index]}`));
	}
}

/* Notes the audio objects that are read by the player's own choice, in their order, then chooses 5.1 and plays on until none of the first sound is left in the buffer. */
async function surround(player) {
	const objects = () => performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop()).filter((name) => name.endsWith('.m4a'));
	const { video, sound } = await begin(player);
	await until('sound', () => loudest(sound) > 0);
	seen.sounds = [...new Set(objects())];
	const from = video.currentTime;
	await player.surround();
	await until('5.1 to be read', () => objects().includes('audio-1-surround.m4a'));
	await until('5.1 to be played', () => video.currentTime > from + 13 && loudest(sound) > 0);
}

/* Plays for some seconds without sound. Notes the milliseconds before the first frame and those without playback after it. */
async function measure(player, seconds) {
	const began = performance.now(), opened = document.querySelector('video');
	opened.muted = opened.autoplay = true;
	const video = await player.open(opened, film) || opened;
	video.play().catch(() => {});	// a player may pause and play again
	await until('the first frame', () => video.currentTime > 0);
	const first = performance.now(), from = video.currentTime;
	seen.first = first - began;
	await pause(seconds * 1000);
	seen.stalled = Math.max(0, performance.now() - first - (video.currentTime - from) * 1000);
	await until('a second of playback', () => video.currentTime > from + 1);
	seen.width = video.videoWidth;
}

/* Called by the page of each player. With ?seconds=… it measures, with ?tones=… or ?surround=1 it chooses sounds, otherwise it watches. */
function run(player) {
	const query = new URLSearchParams(location.search), seconds = Number(query.get('seconds')), tones = query.get('tones');
	performance.setResourceTimingBufferSize(10000);
	(seconds ? measure(player, seconds) : query.has('surround') ? surround(player) : tones ? languages(player, tones.split(',').map(Number)) : watch(player))
		.catch((error) => seen.errors.push(String(error))).then(() => report({ step: 'end', ...seen }));
}
