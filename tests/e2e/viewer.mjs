// The consumer app's player page in a real browser: it loads the title without a token, sets the film's URL as src of a <video>, and
// at the same time sends the access check. Reads and prints JSON like console.mjs: base, title, token (may be null), delay (milliseconds
// before the access check).
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const given = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({
	executablePath: given.chromium,
	args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage();
const saw = { ranges: 0, asked: 0 };
page.on('request', (request) => saw.asked += request.url().includes('/api/ppv/media/'));
page.on('response', (response) => saw.ranges += response.status() === 206);
// Another origin than the API's, like the app's.
const app = createServer((request, response) => response.setHeader('content-type', 'text/html').end('<video id="v" muted></video>'));
await new Promise((done) => app.listen(0, '127.0.0.1', done));
await page.goto(`http://127.0.0.1:${app.address().port}/watch`);
Object.assign(saw, await page.evaluate(async ({ base, title, token, delay }) => {
	const video = document.querySelector('#v');
	const happens = (name) => new Promise((done) => video.addEventListener(name, () => done(name), { once: true }));
	const detail = await (await fetch(`${base}/api/titles/${title}?country=NG`)).json();
	const url = detail.title.assetVersions[0].url;
	const first = Promise.race([happens('playing'), happens('error')]);
	video.src = url;
	video.play().catch(() => {});
	setTimeout(() => fetch(`${base}/api/ppv/access/${title}?record=false`, { headers: token ? { Authorization: `Bearer ${token}` } : {} }).catch(() => {}), delay);
	const began = await first;
	if (began === 'error')
		return { url, began };
	const at = video.duration * 0.8;
	const sought = happens('seeked');
	video.currentTime = at;
	await sought;
	while (video.currentTime < at + 0.5)
		await new Promise((done) => video.addEventListener('timeupdate', done, { once: true }));
	return { url, began, duration: video.duration, width: video.videoWidth, reached: video.currentTime / video.duration };
}, given));
await browser.close();
app.close();
console.log(JSON.stringify(saw));
