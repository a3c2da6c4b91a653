/* The storyboard of the player: a slider over the film that shows the thumbnail of each place. */
import { $, set } from './dom.js';

let cues = [];
let video = null;
let opened = 0;		/* counts the films: a response that comes late belongs to another one */

/* "01:02:03.500" or "02:03.500" as seconds. */
const seconds = (text) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

const clock = (at) => [Math.floor(at / 3600), Math.floor(at / 60) % 60, Math.floor(at) % 60]
	.slice(at < 3600 ? 1 : 0).map((n) => String(n).padStart(2, '0')).join(':');

/* Reads WebVTT whose cues are URLs of sheets with #xywh=x,y,w,h. Other cues are left out. */
function cuesOf(text, base) {
	return text.split(/\r?\n\r?\n/).map((block) => {
		const time = /([\d:.]+) --> ([\d:.]+)[^\n]*\n(\S+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)/.exec(block);
		return time && { from: seconds(time[1]), to: seconds(time[2]), url: new URL(time[3], base).href, box: time.slice(4).map(Number) };
	}).filter(Boolean);
}

function draw() {
	const at = Number($('seek').value), cue = cues.find((c) => at < c.to) || cues[cues.length - 1], image = $('thumb');
	if (!cue)
		return;
	const [x, y, w, h] = cue.box, url = 'url("' + cue.url + '")';
	if (image.dataset.url !== url) {
		image.dataset.url = url;
		image.style.backgroundImage = url;
	}
	image.style.width = w + 'px';
	image.style.height = h + 'px';
	image.style.backgroundPosition = -x + 'px ' + -y + 'px';
	set($('thumb-time'), { textContent: clock(at) });
	$('seek').setAttribute('aria-valuetext', clock(at));
}

/* Shows the storyboard whose URL is given; nothing if it is null or cannot be loaded. */
export async function storyboardOpen(url, player) {
	const mine = ++opened;
	let found = [];
	video = player;
	cues = [];
	$('storyboard').hidden = true;
	if (!url)
		return;
	try {
		const response = await fetch(url);
		if (response.ok)
			found = cuesOf(await response.text(), url);
	} catch {
		/* The film plays without it. */
	}
	if (!found.length || mine !== opened)
		return;
	cues = found;
	set($('seek'), { max: String(Math.ceil(cues[cues.length - 1].to)), value: '0' });
	$('storyboard').hidden = false;
	draw();
}

export function storyboardClose() {
	opened++;
	video = null;
	cues = [];
	$('storyboard').hidden = true;
	$('thumb').style.backgroundImage = '';
	delete $('thumb').dataset.url;
}

$('seek').addEventListener('input', draw);
$('seek').addEventListener('pointermove', (event) => {
	if (event.buttons)
		return;
	const box = $('seek').getBoundingClientRect();
	$('seek').value = String(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * Number($('seek').max));
	draw();
});
$('seek').addEventListener('change', () => {
	if (video)
		video.currentTime = Math.min(Number($('seek').value), video.duration || 0);
});
