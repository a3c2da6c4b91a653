// Runs one scene in the console with a real browser: node console.mjs SCENE. Reads its parameters as JSON from standard input (base, email,
// password, film, name, ...). Prints its observations as JSON; on a timeout, prints the name of the condition.
import { readFileSync } from 'node:fs';
import playwright from 'playwright-core';
import { pages } from './pages.mjs';

const given = JSON.parse(readFileSync(0, 'utf8'));
/* Firefox is the one of the system: Playwright's own protocol needs a Firefox that it has changed, WebDriver BiDi does not. */
const browser = await (given.firefox ? playwright._bidiFirefox.launch({ executablePath: given.firefox }) : playwright.chromium.launch({
	executablePath: given.chromium,
	args: process.getuid() === 0 ? ['--no-sandbox'] : [],	// Chromium's own sandbox needs another user than root
}));
const context = await browser.newContext({ viewport: { width: 1180, height: 860 } });
const page = await context.newPage();
const saw = { errors: [] };
page.setDefaultTimeout(20000);
if (given.firefox) {		// Playwright does not see file dialogs in Firefox: none opens, and choose() finds the input that asked for it
	await context.addInitScript(() => {
		const asks = (input) => { window.chooser = input; }, click = HTMLInputElement.prototype.click;
		HTMLInputElement.prototype.click = function () {
			if (this.type !== 'file')
				return click.call(this);
			if (!this.isConnected)		// WebDriver gives files to elements of the page only
				document.documentElement.append(Object.assign(this, { hidden: true }));
			return asks(this);
		};
		window.addEventListener('click', (event) => {
			if (event.target.type !== 'file')
				return;
			event.preventDefault();
			asks(event.target);
		}, true);
	});
}
page.on('pageerror', (error) => {
	if (!given.firefox || !/^(XML Parsing Error|Cross-Origin Request Blocked)/.test(error.stack))		// its remarks on responses are no errors of the page
		saw.errors.push(error.stack);
});
page.on('filechooser', () => {});	// registered early: a listener added when the dialog opens could be too late
page.on('console', (message) => {
	if (/Content.Security.Policy/.test(message.text()))
		saw.errors.push(message.text());
});

const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const type = (text) => page.keyboard.type(text);
const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

/* Waits in the page until fn(arg) is true. */
async function until(what, fn, arg, seconds = 20) {
	try {
		return await (await page.waitForFunction(fn, arg, { timeout: seconds * 1000, polling: 20 })).jsonValue();
	} catch {
		throw new Error('waited ' + seconds + ' s for ' + what + '; the page says: ' + await page.innerText('body'));
	}
}

/* Presses Tab. Firefox would go from the last control of the page to its own, where WebDriver cannot follow: the focus begins at the top again. */
async function next() {
	if (given.firefox) {
		await page.evaluate(() => {
			const top = [...document.querySelectorAll('dialog:modal')].at(-1) || document.body;
			const last = [...top.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
				.filter((e) => !e.disabled && e.checkVisibility({ visibilityProperty: true }) && (e.type !== 'radio' || e.checked)).at(-1);
			if (last === document.activeElement) {
				top.tabIndex = -1;
				top.focus();
			}
		});
	}
	await press('Tab');
}

/* Presses Tab until the focus is on a control whose name matches. */
async function reach(name) {
	const passed = [];
	for (let i = 0; i < 80; i++) {
		const at = await page.evaluate(() => {
			const e = document.activeElement;
			return e === document.body ? '' : e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || '';
		});
		if (at && new RegExp(name).test(at))
			return;
		passed.push(at);
		await next();
	}
	throw new Error('no control reached by Tab: ' + name + '; passed: ' + passed.join(' | ') + '; the page says: ' + await page.innerText('body'));
}

async function signIn(password = given.password) {
	await until('the sign-in page', () => !document.querySelector('#door').hidden);
	await reach('^Email');
	await page.evaluate(() => document.activeElement.select());
	await type(given.email);
	await reach('^Password');
	await type(password);
	await press('Enter');
}

/* Returns what axe-core finds in the page at two widths, in light and dark, and what is wider than the window. */
async function faults() {
	const found = [], before = page.viewportSize();
	await page.evaluate(readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8'));
	for (const width of [360, 1400]) {
		for (const colorScheme of ['light', 'dark']) {
			await page.setViewportSize({ width, height: 900 });
			await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
			const { violations, wide } = await page.evaluate(async () => ({
				violations: (await axe.run(document, { resultTypes: ['violations'] })).violations,
				wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
			}));
			for (const v of violations)
				found.push([width, colorScheme, v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary.slice(0, 200))].join(' '));
			if (wide > 0)
				found.push(width + ' wider than the window by ' + wide);
		}
	}
	await page.setViewportSize(before);
	await page.emulateMedia({ colorScheme: null, reducedMotion: null });
	return found;
}

const inside = () => until('the console', () => !document.querySelector('#room').hidden && document.querySelector('#titles'));
const job = (name) => `#jobs > li:has(.job-name:text-is("${name}"))`;

/* Chooses files in the dialog that open() opens. */
async function choose(files, open) {
	if (given.firefox) {
		await open();
		const chooser = await page.waitForFunction(() => window.chooser);
		await page.evaluate(() => { delete window.chooser; });
		await chooser.asElement().setInputFiles(files);
		return;
	}
	const [chooser] = await Promise.all([page.waitForEvent('filechooser'), open()]);
	await chooser.setFiles(files);
}

/* Chooses a file and starts its upload, by keyboard only. */
async function upload(film, name) {
	await reach('^Drop films here');
	await choose(film, () => press('Enter'));
	await until('the form', () => document.querySelector('#add').open);
	await reach('^Name');
	await press('Control+a');
	await type(name);
	await press('Enter');
}

/* Waits until a film is ready or has failed; returns the states and percentages that the page has shown. */
async function follow(name, seconds) {
	const seen = await until('the end of ' + name, (wanted) => {
		const node = [...document.querySelectorAll('#jobs > li')].find((li) => li.querySelector('.job-name > bdi').textContent === wanted);
		const seen = window.followed = window.followed || { states: [], rungs: {} };
		if (!node)
			return false;
		const state = node.querySelector('.job-state').textContent.replace(/[0-9.]+ .*/, '#').trim();
		if (seen.states.at(-1) !== state)
			seen.states.push(state);
		for (const rung of node.querySelectorAll('.rung')) {
			const label = rung.querySelector('span').textContent, percent = rung.querySelector('progress').value;
			const list = seen.rungs[label] = seen.rungs[label] || [];
			if (list.at(-1) !== percent)
				list.push(percent);
		}
		return /^(Ready|Failed|Upload failed)/.test(state) && { ...seen, last: node.querySelector('.job-state').textContent };
	}, name, seconds);
	await page.evaluate(() => { delete window.followed; });
	return seen;
}

const time = () => page.evaluate(() => document.querySelector('#video').currentTime);
const playsOn = (from) => until('the film to play on from ' + from, (t) => {
	const video = document.querySelector('#video');
	return !video.paused && !video.seeking && video.currentTime > t && video.videoWidth > 0;
}, from, 60);

/* Plays the film, seeks to the middle, and selects each quality. Returns what was seen. */
async function watch() {
	const seen = { sizes: {} };
	await playsOn(0.3);
	seen.duration = await page.evaluate(() => document.querySelector('#video').duration);
	await page.evaluate((t) => { document.querySelector('#video').currentTime = t; }, seen.duration / 2);
	await playsOn(seen.duration / 2 + 0.2);
	seen.played = await time();
	for (const value of await page.$$eval('#quality input', (all) => all.map((i) => i.value).filter((v) => v !== 'auto'))) {
		const input = await page.$('#quality input[value="' + value + '"]');
		await page.evaluate(() => {
			document.querySelector('#video').currentTime = 1;
			return document.querySelector('#video').play();
		});
		await input.focus();
		if (!await input.isChecked())	// else the key pauses the film
			await press('Space');
		await until('the quality ' + value, ([label, height]) => {
			const video = document.querySelector('#video');
			return document.querySelector('#player-level').textContent.startsWith(label) && !video.seeking && video.currentTime > 1.1 && video.videoHeight === height;
		}, [await input.evaluate((e) => e.labels[0].innerText), Number(value.slice(1))], 60);
		seen.sizes[value] = await page.evaluate(() => document.querySelector('#video').videoHeight);
		seen.focusStays = await page.evaluate((v) => document.activeElement.value === v, value);
	}
	seen.level = await page.textContent('#player-level');
	seen.buffer = await page.textContent('#player-buffer');
	return seen;
}

async function openPlayer(name = '') {
	await reach('^Play: ' + name);
	await press('Enter');
	await until('the player', () => document.querySelector('#player').open);
}

async function closePlayer() {
	await press('Escape');
	await until('the player to close', () => !document.querySelector('#player').open);
}

/* Adds a file in the dialog for subtitles. */
async function addText(file) {
	await choose(file, () => reach('^File with subtitles').then(() => press('Enter')));
	await reach('^Language');
	saw.language = await page.inputValue('#text input[name=language]');
	await press('Enter');
}

/* Chooses a track of text in the player. Returns its first cue. */
async function cueOf(index) {
	await until('the choice of text', () => document.querySelectorAll('#texts input').length > 1);
	await page.focus('#texts input[value="' + index + '"]');
	await press('Space');
	return until('a cue', () => [...document.querySelector('#video').textTracks].flatMap((t) => t.mode === 'showing' ? [...t.cues || []] : [])
		.map((c) => c.text)[0], null, 60);
}

const scenes = {
	/* Signs in, first with a wrong password, and out, by keyboard. */
	async signing() {
		await signIn('not-the-password');
		saw.refused = await until('the refusal', () => document.querySelector('#sign-in-error').textContent);
		saw.focusAfterRefusal = await focused();
		await type(given.password);
		await press('Enter');
		await inside();
		saw.focusInside = await focused();
		saw.who = await page.textContent('#who');
		await page.reload();
		await inside();
		await reach('^Sign out');
		await press('Enter');
		await until('the sign-in page', () => !document.querySelector('#door').hidden);
		await page.reload();
		await until('the sign-in page', () => !document.querySelector('#door').hidden);
	},

	/* Uploads, publishes and plays a film by keyboard; the draft without hls.js. */
	async film() {
		await signIn();
		await inside();
		await upload(given.film, given.name);
		saw.way = await follow(given.name, given.seconds || 240);
		await until('the title', (name) => [...document.querySelectorAll('.title')].some((t) => t.innerText.includes(name) &&
			t.innerText.includes('Draft')), given.name);
		await page.route('**/console/hls.js', (route) => route.abort());
		await openPlayer();
		saw.draft = await watch();
		await closePlayer();
		await page.unroute('**/console/hls.js');
		await reach('^Publish: ');
		await press('Enter');
		await until('the title to be published', (name) => [...document.querySelectorAll('.title')].some((t) => t.innerText.includes(name) &&
			t.innerText.includes('Published')), given.name);
		await openPlayer();
		saw.published = await watch();
		await closePlayer();
	},

	/* Adds a file with subtitles to a title that has a film, by keyboard, plays with them, and deletes them. */
	async text() {
		page.on('dialog', (dialog) => dialog.accept());
		await signIn();
		await inside();
		await reach('^Subtitles: ');
		await press('Enter');
		await until('the dialog', () => document.querySelector('#text').open && !document.querySelector('#text-none').hidden);
		await addText(given.broken);
		saw.refused = await until('the refusal', () => document.querySelector('#text-error').textContent);
		await addText(given.text);
		saw.listed = await until('the track', () => document.querySelector('#text-list li p')?.textContent);
		saw.error = await page.textContent('#text-error');
		await press('Escape');
		await openPlayer();
		await playsOn(0.2);
		await until('the choice of text', () => document.querySelectorAll('#texts input').length > 1);
		saw.texts = await page.$$eval('#texts label', (all) => all.map((l) => l.innerText));
		saw.cue = await cueOf(0);
		await closePlayer();
		await reach('^Subtitles: ');
		await press('Enter');
		await reach('^Delete: ');
		await press('Enter');
		await until('the empty list', () => !document.querySelector('#text-none').hidden);
	},

	/* Adds audio tracks to a title that has a film, one that fails and one that is heard, by keyboard, and removes it. */
	async audio() {
		const add = async (file, language, purpose) => {
			await page.setInputFiles('#audio-file', file);
			await page.fill('#audio [name=language]', language);
			await page.selectOption('#audio [name=purpose]', purpose);
			await reach('^Add$');
			await press('Enter');
		};
		const tracks = () => page.$$eval('#audio-list li p', (all) => all.map((p) => p.textContent));
		page.on('dialog', (dialog) => dialog.accept());
		await signIn();
		await inside();
		await reach('^Audio tracks: ');
		await press('Enter');
		await until('the dialog', () => document.querySelector('#audio').open && document.querySelectorAll('#audio-list > li').length === 1);
		saw.before = await tracks();
		await reach('^Add$');
		await press('Enter');
		saw.missing = await page.textContent('#audio-error');
		await add(given.film, 'yo', 'main');
		saw.failed = await until('the failure', () => [...document.querySelectorAll('#audio-uploads .job-state')].map((p) => p.textContent).find((text) => text.startsWith('Failed')), null, 120);
		saw.offered = await page.$$eval('#audio-uploads button', (all) => all.map((b) => b.getAttribute('aria-label')));
		await add(given.own, 'english', 'main');
		saw.refused = await until('the refusal', () => [...document.querySelectorAll('#audio-uploads .job-state')].map((p) => p.textContent).find((text) => text.includes('BCP 47')));
		for (let left = 2; left > 0; left--) {		// the one that was refused, and the video
			await reach('^Dismiss: ');
			await press('Enter');
			await until('one row less', (n) => document.querySelectorAll('#audio-uploads > li').length === n, left - 1);
			saw.focus = await focused();
		}
		await add(given.sound, 'fr', 'description');
		await until('the track', () => document.querySelectorAll('#audio-list > li').length === 2, null, 120);
		saw.listed = await tracks();
		saw.notes = await page.$$eval('#audio-list .notes li', (all) => all.map((li) => li.textContent));
		saw.faults = await faults();
		await reach('^Listen: French');
		await press('Enter');
		await until('the player', () => document.querySelector('#player').open);
		await playsOn(0.2);
		saw.heard = await until('the choice', () => document.querySelectorAll('#sound input').length === 2 && [...document.querySelectorAll('#sound label')].map((l) => [l.innerText, l.querySelector('input').checked])
			.find(([, checked]) => checked)?.[0]);
		await closePlayer();
		await reach('^Remove: French');
		await press('Enter');
		await until('the removal', () => document.querySelectorAll('#audio-list > li').length === 1, null, 60);
	},

	/* Uploads over a slow connection while object storage is restarted. */
	async slow() {
		const devtools = await page.context().newCDPSession(page);
		await devtools.send('Network.enable');
		await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: 3e6 });
		await signIn();
		await inside();
		await upload(given.film, given.name);
		saw.percents = await until('the end of the upload', () => {
			const state = document.querySelector('.job .job-state'), percent = document.querySelector('.job > progress');
			window.percents = window.percents || [];
			if (state && state.textContent.startsWith('Uploading') && window.percents.at(-1) !== percent.value)
				window.percents.push(percent.value);
			return state && /^(Waiting to be|Upload failed)/.test(state.textContent) && window.percents;
		}, null, 120);
		saw.state = await page.textContent('.job .job-state');
	},

	/* Stops an upload, goes on, loses the network, reloads, resumes with another and with the right file, and discards another upload. */
	async resume() {
		const devtools = await page.context().newCDPSession(page);
		const network = (offline) => devtools.send('Network.emulateNetworkConditions', { offline, latency: 5, downloadThroughput: -1, uploadThroughput: 2e6 });
		let lose, parts = 0;
		const lost = new Promise((done) => { lose = done; });
		await page.route((url) => url.searchParams.has('partNumber'), async (route) => {	// one of six parts arrives
			if (++parts === 1)
				return route.continue();
			await lost;
			return route.abort('internetdisconnected');
		});
		const asked = [];
		page.on('dialog', (dialog) => {
			asked.push(dialog.type());
			dialog.accept();
		});
		const state = () => page.textContent('.job .job-state');
		const says = (what, text, seconds = 60) => until(what, (t) => {
			const now = document.querySelector('.job .job-state')?.textContent;
			return new RegExp(t).test(now) && now;
		}, text, seconds);
		let puts = 0, arrived = 0;
		page.on('request', (request) => { puts += request.method() === 'PUT'; });
		page.on('response', (response) => { arrived += response.request().method() === 'PUT' && response.ok(); });
		await devtools.send('Network.enable');
		await network(false);
		await signIn();
		await inside();
		await upload(given.film, given.name);
		for (let i = 0; i < 6000 && !arrived; i++)
			await page.waitForTimeout(20);
		await network(true);
		lose();
		saw.lost = await says('the loss', 'goes on by itself');
		await reach('^Stop: ');
		await press('Enter');
		await says('the stop', '^Stopped');
		await page.unrouteAll({ behavior: 'ignoreErrors' });
		await network(false);
		await page.reload();
		await inside();
		saw.after = await until('the unfinished upload', () => document.querySelector('.job .job-state')?.textContent);
		const pick = async (file) => {
			await choose(file, () => reach('^Resume: ').then(() => press('Enter')));
		};
		await pick(given.other);
		saw.other = await until('the refusal', () => document.querySelector('#messages p')?.textContent);
		await reach('^Drop films here');
		await choose(given.film, () => press('Enter'));
		await until('the form', () => document.querySelector('#add').open);
		saw.offered = await page.$eval('#add select', (e) => e.selectedOptions[0].text);
		await reach('^Film of');
		await press('Enter');	// a list does not submit the form
		puts = 0;
		await reach('^Upload$');
		await press('Enter');
		await says('the end', '^(Waiting to be|Upload failed)', 120);
		saw.state = await state();
		saw.puts = puts;
		await upload(given.third, given.name + ' again');
		await says('the other upload', '^Uploading');
		await reach('^Stop: ');
		await press('Enter');
		await reach('^Discard: ');
		await press('Enter');
		await until('the upload to go', () => document.querySelectorAll('#jobs > li').length === 1);
		saw.asked = asked;
	},

	/* Runs out of room with one of three parts, tries again, stops, and resumes on the row, all on one page. */
	async again() {
		let way = 'full', tell;
		const sent = { full: [], hangs: [], free: [] }, first = new Promise((done) => { tell = done; });
		page.on('response', (response) => response.url().includes('partNumber=1&') && response.request().method() === 'PUT' && response.finished().then(tell));
		await page.route((url) => url.searchParams.has('partNumber'), async (route) => {
			const part = Number(new URL(route.request().url()).searchParams.get('partNumber')), now = way;
			if (route.request().method() === 'OPTIONS')		// Firefox shows preflights, too
				return route.continue();
			sent[now].push(part);
			if (now === 'free' || part === 1)
				return route.continue();
			if (now === 'full')
				return first.then(() => route.fulfill({ status: 507, headers: { 'Access-Control-Allow-Origin': '*' } }));
			return undefined;		// the part hangs
		});
		const says = (text) => until(text, (t) => {
			const now = document.querySelector('.job .job-state')?.textContent;
			return new RegExp(t).test(now) && now;
		}, text, 60);
		await signIn();
		await inside();
		await upload(given.film, given.name);
		saw.failed = await says('^Upload failed');
		way = 'hangs';
		await reach('^Try again: ');
		await press('Enter');
		saw.during = await says('^Uploading · 3. %');
		await reach('^Stop: ');
		await press('Enter');
		saw.stopped = await says('^Stopped');
		way = 'free';
		await reach('^Resume: ');
		await press('Enter');
		await says('^Waiting to be');
		Object.keys(sent).forEach((key) => sent[key].sort());
		Object.assign(saw, { sent, rows: await page.$$eval('#jobs > li', (all) => all.length) });
	},

	/* Has no network for longer than an upload tried before, by the page's clock; goes on when it is back. */
	async offline() {
		let away = false;
		const tries = {};
		await page.clock.install();
		await page.reload();
		await page.route('**', (route) => {
			const part = new URL(route.request().url()).searchParams.get('partNumber');
			away ||= Boolean(part) && !saw.waits;
			if (away && part)
				tries[part] = (tries[part] || 0) + 1;
			return away ? route.abort('internetdisconnected') : route.fallback();
		});
		await signIn();
		await inside();
		await upload(given.film, given.name);
		for (let i = 0; i < 2000 && !(Object.values(tries).length === 2 && Object.values(tries).every((n) => n > 8)); i++) {
			await page.waitForTimeout(50);
			await page.clock.fastForward(15100);
		}
		saw.waits = await page.textContent('.job .job-state');
		away = false;
		await page.clock.fastForward(15100);
		saw.state = await until('the end', () => [document.querySelector('.job .job-state').textContent].find((text) => /^(Waiting to be|Upload failed)/.test(text)), null, 60);
		saw.tries = tries;
	},

	/* Kills the tab that uploads: another one offers to resume. bare: without locks, and with timers that do not run, as those of a hidden tab. */
	async killed() {
		const context = page.context(), state = (text) => until(text, (t) => [document.querySelector('.job .job-state')?.textContent].find((now) => now?.includes(t)), text, 60);
		if (given.bare)
			await context.addInitScript(() => {
				Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
				window.setInterval = () => 0;
			});
		await page.reload();
		let hangs = true;
		await context.route((url) => url.searchParams.has('partNumber'), (route) => (hangs ? undefined : route.continue()));
		await signIn();
		await inside();
		const tab = await context.newPage();
		await tab.goto(given.base + '/console/');
		await tab.setInputFiles('#pick', given.film);
		await tab.click('#add .primary');
		saw.live = await state('in another tab');
		await page.setInputFiles('#pick', given.film);
		await until('the form', () => document.querySelector('#add').open);
		saw.known = await page.$eval('.add-row', (row) => [row.querySelector('select').selectedOptions[0].text, row.querySelectorAll('p')[1].textContent]);
		await press('Escape');
		const asked = new Promise((done) => { page.once('dialog', (dialog) => dialog.dismiss().then(() => done(dialog.message()))); });
		await page.click('#sign-out');
		saw.asked = await asked;
		if (given.bare) {
			const begun = await page.evaluate(() => Object.values(JSON.parse(localStorage.uploads))[0].beat);
			await until('the reply of the tab', (at) => Object.values(JSON.parse(localStorage.uploads))[0].beat > at, begun, 60);
			saw.live = await page.textContent('.job .job-state');
		}
		const devtools = await context.newCDPSession(tab);
		const crash = tab.waitForEvent('crash');
		devtools.send('Page.crash').catch(() => {});		// is not answered
		await crash;
		saw.left = await state('Not finished');
		saw.buttons = await page.$$eval('.job button', (all) => all.map((b) => b.textContent));
		hangs = false;
		await choose(given.film, () => page.click('.job button:text-is("Resume")'));
		saw.end = await state('Waiting to be');
	},

	/* The session ends with the dialog open: the same person finds files and names, another one nothing. */
	async kept() {
		const end = async (...files) => {
			await page.evaluate(() => localStorage.setItem('session', JSON.stringify({ ...JSON.parse(localStorage.session), access: 'gone', refresh: 'gone' })));
			if (files.length)
				await page.setInputFiles('#pick', files);		// the page does not know yet that the session has ended
			await until('the sign-in page', () => !document.querySelector('#door').hidden);
		};
		const dialog = () => page.$eval('#add', (add) => [add.open, [...add.querySelectorAll('.add-row')].map((row) => [row.querySelector('bdi').textContent, row.querySelector('input').value])]);
		await signIn();
		await inside();
		await page.setInputFiles('#pick', [given.film, given.third]);
		await until('the form', () => document.querySelector('#add').open);
		await page.fill('#add [name=name0]', 'First');
		await page.fill('#add [name=name1]', 'Last');
		await end();
		saw.door = (await dialog())[0];
		await signIn();
		await inside();
		saw.same = await dialog();
		const own = given.email;
		await end();
		given.email = given.other;
		await signIn();
		await inside();
		saw.other = await dialog();
		saw.who = await page.textContent('#who');
		await page.setInputFiles('#pick', given.third);
		await until('the form', () => document.querySelector('#add').open);
		saw.next = await dialog();
		await press('Escape');
		await end(given.film);
		given.email = own;
		await signIn();
		await inside();
		await page.evaluate(() => fetch('/api/health'));
		saw.late = await dialog();
	},

	/* Chooses a file twice, a name that a title has which the list of the page does not have, and that title as the target. */
	async twice() {
		const asked = [], answers = [false, true];
		page.on('dialog', (dialog) => {
			asked.push(dialog.message());
			return answers.shift() ? dialog.accept() : dialog.dismiss();
		});
		const rows = () => page.$$eval('.add-row', (all) => all.map((row) => [row.querySelector('select').selectedOptions[0].text, ...[...row.querySelectorAll('p:not([hidden])')].slice(1).map((p) => p.textContent)]));
		const add = async (...files) => {
			await page.setInputFiles('#pick', files);
			await until('the form', () => document.querySelector('#add').open);
		};
		await signIn();
		await inside();
		await until('the titles', () => document.querySelectorAll('.title').length === 100);
		await add(given.film, given.film);
		await page.setInputFiles('#pick', given.third);		// it comes after them
		await until('its row', () => document.querySelectorAll('.add-row').length === 3);
		saw.rows = await rows();
		await page.fill('#add [name=name0]', ' old ');
		await page.selectOption('#add [name=where2]', '');
		await page.fill('#add [name=name2]', 'Other');
		await press('Enter');
		for (let i = 0; i < 500 && !asked.length; i++)
			await page.waitForTimeout(20);
		saw.refused = await page.$eval('#add', (add) => add.open);
		await page.fill('#add-find', 'OL');
		saw.found = await until('the title', () => {
			const texts = [...document.querySelectorAll('#add [name=where2] option')].map((option) => option.text);
			return texts.length === 2 && texts;
		});
		await page.selectOption('#add [name=where2]', { label: 'Old' });
		saw.live = await until('the note', () => [...document.querySelectorAll('.add-live')].map((p) => p.textContent).find((text) => text.includes('replaces')));
		await page.fill('#add-find', 'Film 12');
		await until('others', () => document.querySelectorAll('#add [name=where2] option').length > 3);
		saw.stays = await page.$eval('#add [name=where2]', (e) => e.selectedOptions[0].text);
		await page.focus('#add-find');
		await press('Enter');
		saw.open = await page.$eval('#add', (add) => add.open);
		await page.click('#add .primary');
		await until('the end', () => [...document.querySelectorAll('.job-state')].filter((s) => /^Waiting to be tr/.test(s.textContent)).length === 2, null, 60);
		saw.asked = asked;
		await add(given.film);
		saw.again = await rows();
	},

	/* Drops a file that is no film. */
	async drop() {
		await signIn();
		await inside();
		const data = readFileSync(given.film).toString('base64');
		const transfer = await page.evaluateHandle(([bytes, name]) => {
			const t = new DataTransfer();
			t.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: 'video/mp4' }));
			return t;
		}, [data, given.name + '.mp4']);
		await page.dispatchEvent('#drop', 'dragover', { dataTransfer: transfer });
		saw.over = await page.evaluate(() => document.querySelector('#drop').classList.contains('over'));
		await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
		await until('the form', () => document.querySelector('#add').open);
		saw.name = await page.inputValue('#add input');
		await press('Enter');
		saw.way = await follow(given.name, given.seconds || 240);
		await reach('^Dismiss: ');
		await press('Enter');
		await until('the list to be empty', () => document.querySelector('#work').hidden);
	},

	/* Invalidates the access token, then both tokens. */
	async expiry() {
		await signIn();
		await inside();
		await page.evaluate(() => {
			const session = JSON.parse(localStorage.getItem('session'));
			localStorage.setItem('session', JSON.stringify({ ...session, access: 'gone' }));
		});
		await page.reload();
		await inside();
		saw.renewed = await until('a new access token', () => JSON.parse(localStorage.getItem('session')).access !== 'gone');
		await page.evaluate(() => localStorage.setItem('session', JSON.stringify({ access: 'gone', refresh: 'gone' })));
		await page.reload();
		await until('the sign-in page', () => !document.querySelector('#door').hidden);
		saw.told = await until('the reason', () => document.querySelector('#sign-in-error').textContent);
		await signIn();
		await inside();
	},

	/*
	 * Two tabs: the second is signed in by the first; both renew an access token that has expired, while one request for it is held; a sign-out in one, and a
	 * sign-in in the other; the session ends, and the answer to a sign-in of somebody else in one tab comes after a sign-in in the other.
	 */
	async tabs() {
		const second = await context.newPage(), both = [page, second], renewals = [];
		let release, held = new Promise((done) => { release = done; });
		second.setDefaultTimeout(20000);
		second.on('pageerror', (error) => saw.errors.push(error.stack));
		if (!given.locks)
			await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
		await context.route('**/api/auth/refresh', (route) => held.then(() => route.continue()));
		context.on('request', (request) => {
			if (request.url().endsWith('/api/auth/refresh'))
				renewals.push(request.postData());
		});
		const on = (tab, fn, arg) => tab.waitForFunction(fn, arg, { polling: 20 }).then((result) => result.jsonValue());
		const shows = (tab, name) => on(tab, (n) => !document.querySelector('#room').hidden && document.querySelector('#who').textContent === n && document.querySelectorAll('.title').length === 1, name);
		const door = (tab) => on(tab, () => !document.querySelector('#door').hidden && [document.querySelector('#who').textContent, document.querySelector('#find').value,
			document.querySelectorAll('.title').length, document.querySelectorAll('dialog[open]').length, document.querySelector('#sign-in-error').textContent]);
		const asks = (tab) => tab.waitForResponse((response) => response.url().includes('/console/api/overview') && response.status() === 401);
		const enter = async (tab, email) => {
			await tab.fill('#email', email);
			await tab.fill('#password', given.password);
			await tab.press('#password', 'Enter');
		};
		const access = () => page.evaluate(() => JSON.parse(localStorage.session).access);

		await page.reload();
		await signIn();
		await shows(page, 'Ada Obi');
		await second.goto(given.base + '/console/');
		await shows(second, 'Ada Obi');
		await second.route('**/console/api/overview*', (route) => route.abort());		// the first tab asks before it
		await page.evaluate(() => { localStorage.session = JSON.stringify({ ...JSON.parse(localStorage.session), access: 'gone' }); });
		await page.waitForRequest('**/api/auth/refresh');
		await Promise.all([asks(second), second.unroute('**/console/api/overview*')]);
		await second.evaluate(() => fetch('/api/health'));		// by now it would have asked for tokens
		saw.renewals = [renewals.length];
		release();
		const polls = () => both.map((tab) => tab.waitForResponse((response) => response.url().includes('/console/api/overview') && response.ok()));
		await Promise.all(polls());
		saw.renewed = [await access() !== 'gone', ...await Promise.all(both.map((tab) => tab.isVisible('#room')))];

		await second.fill('#find', 'dus');
		await second.click('#new-title');
		await page.click('#sign-out');
		saw.out = await Promise.all(both.map(door));
		saw.kept = await page.evaluate(() => Object.keys(localStorage));
		await enter(second, given.email);
		await Promise.all(both.map((tab) => shows(tab, 'Ada Obi')));

		await second.fill('#find', 'dus');
		await second.click('#new-title');
		await page.evaluate(() => { localStorage.session = JSON.stringify({ ...JSON.parse(localStorage.session), access: 'gone', refresh: 'gone' }); });
		saw.ended = await Promise.all(both.map(async (tab) => (await door(tab)).at(-1)));
		held = new Promise((done) => { release = done; });
		await second.route('**/api/admin/login', (route) => held.then(() => route.continue()));
		await Promise.all([second.waitForRequest('**/api/admin/login'), enter(second, given.other)]);
		await enter(page, given.email);
		await Promise.all(both.map((tab) => shows(tab, 'Ada Obi')));
		saw.same = await second.inputValue('#find');
		await page.fill('#find', 'dus');
		await page.click('#new-title');
		release();
		await Promise.all(both.map((tab) => shows(tab, 'Chi Ude')));
		saw.other = [await page.inputValue('#find'), await page.isVisible('dialog[open]')];
	},

	/* Looks at the sign-in, the films in all states with a message, two dialogs, and the page of the API's document. */
	async colours() {
		await until('the sign-in page', () => !document.querySelector('#door').hidden);
		await page.fill('#email', given.email);
		await page.fill('#password', 'wrong');
		await press('Enter');
		await until('the refusal', () => !document.querySelector('#sign-in-error').hidden);
		saw.door = await faults();
		let release, waits = new Promise((done) => { release = done; });
		await page.route('**/api/admin/titles?*', async (route) => { await waits; await route.continue(); });
		await signIn();
		await inside();
		saw.loading = await until('the loading line', () => !document.querySelector('#titles-loading').hidden && document.querySelector('#titles-loading').innerText);
		release();
		await until('the titles', () => document.querySelector('#titles-loading').hidden && document.querySelectorAll('.title').length === 4);
		saw.grounds = [];
		for (const colorScheme of ['light', 'dark']) {
			await page.emulateMedia({ colorScheme });
			saw.grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
		}
		await page.route('**/api/admin/titles/*', (route) => route.fulfill({ status: 503, body: '{}' }));
		saw.films = await faults();
		await page.setInputFiles('#pick', { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.from('x') });
		await until('the form', () => document.querySelector('#add').open);
		saw.dialog = await faults();
		await page.goto(given.base + '/api/docs');
		await until('the document', () => document.querySelectorAll('details').length > 50);
		await page.evaluate(() => document.querySelectorAll('details').forEach((d, i) => { d.open = i % 8 === 0; }));
		saw.docs = await faults();
		if (given.picture)
			await page.screenshot({ path: given.picture });
	},

	/* Sends requests with the forms of the API's document, by keyboard: a refused one, one that changes data, and one with parameters. */
	async docs() {
		const sent = [];
		page.on('request', (r) => sent.push(r.method() + ' ' + r.url().replace(given.base, '')));
		const top = () => page.click('#title');	// after the last control, Tab leaves the page of Firefox
		const open = async (words, label) => {
			await top();
			await reach('^Find');
			await press('Control+a');
			await type(words);
			await reach('^(GET|POST)\\s');
			await press('Enter');
			saw.built.push(await page.$$eval('form', (all) => all.length));
			await reach('^Try it: ' + label);
			await press('Enter');
		};
		const fill = async (name, text) => {
			await reach('^' + name);
			await press('Control+a');
			await type(text);
		};
		const answered = (id) => until('the response of ' + id, (at) => {
			const form = document.querySelector('#' + at + ' form'), line = form.querySelector('[role=status]').textContent;
			const [headers, content, curl] = [...form.querySelectorAll('pre')].map((pre) => pre.textContent);
			return line.startsWith('Status') && { line, headers, content, curl };
		}, id);
		const create = async () => {
			await reach('^Send$');
			await press('Enter');
			saw.asked.push(await page.innerText('#createTitle .sure'), sent.filter((r) => r.startsWith('POST')).length);
			await reach('^Send POST');
			await press('Enter');
			return answered('createTitle');
		};
		/* Fills the form of an object with its presigned URL and others, and sends it. */
		const object = async (id, url, others = [], file = null) => {
			const at = new URL(url, given.base), form = page.locator('#' + id + ' form');
			await page.evaluate((i) => { document.getElementById(i).open = true; }, id);
			if (!await form.count())
				await page.click('#' + id + ' .body > button');
			for (const [name, value] of [['path', at.pathname.replace('/media-local/', '')], ...at.searchParams, ...others])
				await form.locator(`label:has(code:text-is("${name}")) input`).fill(value);
			if (file)
				await form.locator('input[type=file]').setInputFiles(file);
			await form.locator('button:text-is("Send")').click();
			if (file)
				await form.locator('.sure').click();
			return answered(id);
		};
		Object.assign(saw, { built: [], asked: [] });
		await page.goto(given.base + '/api/docs');
		await until('the document', () => document.querySelectorAll('details').length > 50);
		await open('/api/admin/titlescreate', 'POST /api/admin/titles$');
		saw.example = await page.inputValue('#createTitle textarea');
		await fill('body', JSON.stringify({ ...JSON.parse(saw.example), name: "Ada's film" }));
		saw.refused = await create();
		saw.token = (await (await page.request.post(given.base + '/api/admin/login', { data: { email: given.email, password: given.password } })).json()).accessToken;
		await top();
		await fill('Access token', saw.token);
		saw.created = await create();
		await open('/titles/{id}/audit', 'GET ');
		await fill('id path, required', given.id);
		await fill('limit', '1');
		await press('Enter');
		saw.read = await answered('listTitleAudit');
		saw.url = sent.at(-1);
		await page.fill('#find', '');
		const presigned = async (name, data) => (await (await page.request.post(given.base + '/api/admin/assets/' + name,
			{ data, headers: { Authorization: 'Bearer ' + saw.token } })).json());
		const { key, url } = await presigned('presign', { contentType: 'image/png', kind: 'poster' });
		saw.key = key;
		saw.written = await object('writeObject', url, [], { name: 'a.png', mimeType: 'image/png', buffer: Buffer.alloc(2500000, 'x') });
		const read = (await presigned('get-url', { key })).url;
		saw.whole = await object('readObject', read);
		saw.range = await object('readObject', read, [['range', 'bytes=0-9']]);
		await page.evaluate(() => { document.querySelector('#addTitleText').open = true; });
		await page.click('#addTitleText .body > button');
		saw.fields = await page.$$eval('#addTitleText label', (all) => all.map((l) => [l.querySelector('span').innerText, ...[...l.querySelectorAll('option')].map((o) => o.text)].join(' | ')));
		await page.click('#createTitle form button');
		saw.faults = await faults();
		saw.examples = await page.evaluate(async () => {
			const { doc, example } = await import('/api/docs/schema.js');
			return Object.values(doc.paths).flatMap((item) => Object.values(item)).filter((op) => op.requestBody?.content['application/json'])
				.map((op) => [op.operationId, example(op.requestBody.content['application/json'].schema)]);
		});
		saw.stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
		if (given.picture)
			await page.screenshot({ path: given.picture, fullPage: true });
		await page.reload();
		await until('the document', () => document.querySelectorAll('details').length > 50);
		saw.kept = await page.inputValue('#token');
	},

	/* Opens the page Operations by keyboard, chooses a route and the day, and waits for the automatic update of the state. */
	async operations() {
		await signIn();
		await inside();
		await reach('^Operations$');
		await press('Enter');
		await until('the charts', () => document.querySelectorAll('.chart canvas').length === 10 && !document.querySelector('.figures-body').hidden);
		saw.busy = await page.getAttribute('#sheet', 'aria-busy');
		saw.drawn = await page.$$eval('.chart canvas', (all) => all.map((c) => {
			const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
			return new Set(Array.from({ length: data.length / 4 }, (v, i) => data[i * 4 + 3] && data[i * 4] * 65536 + data[i * 4 + 1] * 256 + data[i * 4 + 2])).size;
		}));
		saw.legend = await page.$$eval('.figure', (all) => all.map((f) => f.querySelector('h3').textContent + ' | ' + (f.querySelector('.legend')?.innerText.replace(/\s+/g, ' ') ?? '')));
		saw.rows = await page.$$eval('.figure.wide tbody tr', (all) => all.map((r) => r.innerText.replace(/\s+/g, ' ')));
		saw.runbook = await (await page.request.get(given.base + await page.getAttribute('.figure a', 'href'))).text();
		await reach('^GET /api/one$');
		await press('Enter');
		saw.about = await page.innerText('.about p');
		saw.chosen = await page.innerText('.figure .legend');
		saw.focus = await focused();
		await page.click('.figures summary');
		await until('the table', () => document.querySelectorAll('.figures table tr').length > 3);
		saw.table = await page.$$eval('.figures table tr', (all) => all.slice(0, 4).map((r) => r.innerText.replace(/\s+/g, ' ')));
		const value = (name) => until(name, (wanted) => [...document.querySelectorAll('.operations div')]
			.find((pair) => pair.querySelector('dt').textContent === wanted)?.querySelector('dd').textContent, name);
		saw.queued = await value('queued');
		console.error('shown');
		saw.nightly = await value('nightly');
		if (given.picture) {
			await page.screenshot({ path: given.picture, fullPage: true });
			await page.emulateMedia({ colorScheme: 'light' });
			await page.screenshot({ path: given.picture.replace('.png', '-light.png'), fullPage: true });
		}
		saw.faults = await faults();
		await page.check('input[value="24"]', { force: true });
		await until('the day', () => document.querySelectorAll('.figures table tr').length === 145);
		const answer = (hours) => page.waitForResponse((response) => response.url().endsWith('/api/admin/operations?hours=' + hours));
		let release;
		const held = new Promise((done) => { release = done; });
		await page.check('input[value="1"]', { force: true });
		await until('the hour', () => document.querySelectorAll('.figures table tr').length < 145);
		await page.route('**/api/admin/operations?hours=24', (route) => held.then(() => route.continue()));
		await page.check('input[value="24"]', { force: true });
		await Promise.all([answer(1), page.check('input[value="1"]', { force: true })]);
		await Promise.all([answer(24).then((late) => late.finished()), release()]);
		await page.evaluate(() => fetch('/api/health'));		// the page has read the late answer by now
		saw.span = await page.$$eval('.figures table tr', (all) => all.length);
		await press('Escape');
		await page.click('.back');
		await until('the films', () => document.querySelector('#sheet').hidden);
		saw.gone = await page.$$eval('canvas', (all) => all.length);
	},

	/* Publishes while a poll is under way; then fails to publish and to pick, and loses the server: each message has its own place. */
	async messages() {
		let hold = null, held = 0;
		await page.route('**/api/admin/titles?*', async (route) => {
			const answer = await route.fetch();	// of before the publishing
			if (hold) {
				held++;
				await hold;
			}
			await route.fulfill({ response: answer });
		});
		await signIn();
		await inside();
		const tag = () => page.$$eval('.title', (all) => Object.fromEntries(all.map((t) => [t.querySelector('h3').textContent, t.querySelector('.tag').textContent])));
		const texts = () => page.$$eval('#messages p', (all) => all.map((p) => p.textContent));
		await until('the titles', () => document.querySelectorAll('.title').length === 2);
		let release;
		hold = new Promise((done) => { release = done; });
		console.error('change');
		while (!held)
			await page.waitForTimeout(20);
		await reach('^Publish: Dusk');
		await press('Enter');
		await until('the publishing', () => document.querySelector('#say').textContent === 'Dusk is published.');
		saw.during = await tag();
		hold = null;
		release();
		await page.waitForResponse((r) => r.url().includes('/api/admin/titles?'));	// the look after the publishing
		await page.waitForTimeout(100);
		saw.after = await tag();

		await page.route('**/api/admin/titles/*/publish', (route) => route.fulfill({ status: 500, json: { message: 'Broken' } }));
		await reach('^Publish: Dawn');
		await press('Enter');
		await until('the message', () => document.querySelectorAll('#messages p').length === 1);
		const transfer = await page.evaluateHandle(() => {
			const t = new DataTransfer();
			t.items.add(new File([], 'zero.mp4', { type: 'video/mp4' }));
			return t;
		});
		await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
		await until('the second message', () => document.querySelectorAll('#messages p').length === 2);
		await page.route('**/console/api/overview*', (route) => route.abort());
		saw.lost = await until('the loss', () => document.querySelector('#trouble').textContent);
		await page.unroute('**/console/api/overview*');
		await until('the end of the loss', () => document.querySelector('#trouble').hidden);
		saw.stay = await texts();
		await reach('^Close: Dawn');
		await press('Enter');
		saw.focus = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
		await press('Enter');
		saw.left = await texts();
	},

	/* Shows more titles, and an upload of this page that has failed when 40 newer ones exist. */
	async pages() {
		await signIn();
		await inside();
		await until('the titles', () => document.querySelectorAll('.title').length === 100);
		saw.first = await page.textContent('#count');
		await page.focus('#more-titles');
		await press('Enter');
		await until('more titles', () => document.querySelectorAll('.title').length > 100);
		saw.all = [await page.$$eval('.title', (all) => all.length), await page.isVisible('#more-titles'), await page.textContent('#count')];
		await upload(given.film, given.name);
		await until('the upload', () => /^Waiting to be/.test(document.querySelector('.job .job-state')?.textContent));
		console.error('sent');
		saw.state = await until('the failure', () => {
			const job = [...document.querySelectorAll('.job')].find((j) => j.textContent.includes('own.mp4'));
			return /^Failed/.test(job?.querySelector('.job-state').textContent) && job.querySelector('.job-state').textContent;
		});
	},

	/* Says that nobody transcodes, why an attempt has failed, and why the last one has; tries again, in vain and with success. */
	async failures() {
		await signIn();
		await inside();
		const nobody = (text) => until('the line: ' + text, (t) => document.querySelector('#nobody').textContent.includes(t) && document.querySelector('#nobody').textContent, text);
		const state = (text) => until('the state: ' + text, (t) => [...document.querySelectorAll('.job-state')].map((s) => s.textContent).find((s) => s.includes(t)), text);
		saw.never = await nobody('none has run yet');
		console.error('1');
		saw.since = await nobody('since');
		saw.attempt = await state('Attempt');
		console.error('2');
		saw.failed = await state('Failed');
		await reach('^Retry: ');
		await press('Enter');
		saw.refused = await until('the refusal', () => document.querySelector('#messages p')?.textContent);
		console.error('3');
		await page.waitForTimeout(300);
		await reach('^Retry: ');
		await press('Enter');
		saw.waiting = await state('Waiting');
		await until('the message to go', () => !document.querySelector('#messages p'));
	},

	/* Uploads and publishes a film; plays it as HLS while object storage is down, and tries again when it is back. The player has played nothing before. */
	async storeless() {
		const store = async (up) => {
			while (await fetch(given.store).then(() => true, () => false) !== up)
				await page.waitForTimeout(50);
		};
		await signIn();
		await inside();
		await upload(given.film, given.name);
		saw.way = await follow(given.name, 240);
		await reach('^Publish: ');
		await press('Enter');
		await until('the publishing', (name) => document.querySelector('#say').textContent === name + ' is published.', given.name);
		console.error('down');
		await store(false);
		await openPlayer();
		saw.error = await until('the message of the player', () => document.querySelector('#player-error').textContent, null, 180);
		saw.asked = await page.evaluate(() => performance.getEntriesByType('resource').some((entry) => /\.m3u8/.test(entry.name)));
		console.error('up');
		await store(true);
		await reach('^Try again$');
		await press('Enter');
		await playsOn(0.3);
		await until('the state of HLS', () => document.querySelector('#player-level').textContent.endsWith('HLS'));
		saw.after = [await page.textContent('#player-error'), await page.isVisible('#player-retry')];
		await closePlayer();
		saw.kept = await page.$$eval('#messages p', (all) => all.map((p) => p.textContent));
	},

	/* Plays a film while object storage is away. */
	async away() {
		let asked = 0;
		await page.route((url) => url.port === given.port, (route) => {
			asked++;
			return route.abort();
		});
		await signIn();
		await inside();
		await until('the title', () => document.querySelector('.title'));
		await openPlayer();
		saw.error = await until('the message of the player', () => document.querySelector('#player-error').textContent);
		saw.asked = asked;
		await closePlayer();
	},

	/* Offers what the role may do, while the role changes. */
	async roles() {
		const look = async () => ({ sections: await page.$$eval('main.page > section:not([hidden]) h2', (all) => all.map((h) => h.firstChild.textContent.trim())),
			buttons: await page.$$eval('.title button', (all) => all.map((b) => b.textContent)), trouble: await page.textContent('#trouble'),
			empty: await page.isVisible('#no-titles'), links: await page.$$eval('.place:not([hidden])', (all) => all.map((a) => a.textContent)) });
		await signIn();
		await inside();
		await until('the title', () => document.querySelector('.title'));
		saw.CONTENT_MANAGER = await look();
		console.error('MODERATOR');
		await until('fewer buttons', () => document.querySelectorAll('.title button').length === 1);
		saw.MODERATOR = await look();
		console.error('FINANCE');
		await until('the refusal', () => document.querySelector('#titles-section').hidden);
		saw.FINANCE = await look();
		await page.reload();
		await until('the refusal', () => document.querySelector('#titles-section').hidden);
		saw.again = await look();
		console.error('SUPER_ADMIN');
		await until('the title', () => document.querySelectorAll('.title button').length > 1);
		saw.SUPER_ADMIN = await look();
	},

	/* The marks of titles, and the note about a film that goes live. */
	async marks() {
		await signIn();
		await inside();
		await until('the titles', (n) => document.querySelectorAll('.title').length === n, given.count);
		const seen = await page.$$eval('.title', (all) => all.map((t) => [t.querySelector('h3').textContent, t.querySelector('.tag').textContent,
			getComputedStyle(t.querySelector('.tag')).cssText || [...'color,backgroundColor,borderColor,borderStyle'.split(',')]
				.map((p) => getComputedStyle(t.querySelector('.tag'))[p]).join(' ')]));
		saw.marks = Object.fromEntries(seen.map(([name, text]) => [name, text]));
		saw.styles = new Set(seen.map(([, , style]) => style)).size;
		await choose(given.film, () => page.click('.title:has(h3 bdi:text-is("On")) button:text-is("Replace film")'));
		await until('the form', () => document.querySelector('#add').open);
		const note = () => page.$eval('#add .add-live', (p) => p.hidden ? '' : p.textContent);
		saw.live = await note();
		for (const name of ['Bare', 'Draft']) {
			await page.selectOption('#add select', { label: name });
			saw[name] = await note();
		}
	},

	/* Dismisses one upload and then all, reloads; publishes and stops: the focus stays in the row, and the result is announced. */
	async focus() {
		const rows = () => page.$$eval('#jobs > li', (all) => all.map((li) => li.querySelector('.job-name > bdi').textContent));
		const row = () => page.evaluate(() => document.activeElement.closest('li')?.querySelector('h3, .job-name > bdi').textContent);
		const said = (text) => until('the announcement: ' + text, (t) => document.querySelector('#say').textContent.includes(t) && document.querySelector('#say').textContent, text);
		await signIn();
		await inside();
		await until('the uploads', () => document.querySelectorAll('#jobs > li').length === 4);
		await reach('^Dismiss: Two');
		await press('Enter');
		saw.one = [await rows(), await row()];
		await page.reload();
		await inside();
		await until('the uploads', () => document.querySelectorAll('#jobs > li').length > 0);
		saw.reloaded = await rows();
		await reach('^Dismiss all');
		await press('Enter');
		saw.all = [await rows(), await focused(), await said('dismissed')];
		await page.reload();
		await inside();
		await until('the titles', () => document.querySelectorAll('.title').length > 0);
		saw.none = await rows();

		await reach('^Publish: Five');
		await press('Enter');
		saw.published = [await said('published'), await row()];
		const devtools = await page.context().newCDPSession(page);
		await devtools.send('Network.enable');
		await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: 2e5 });
		await upload(given.film, given.name);
		await reach('^Stop: ');
		await press('Enter');
		saw.stopped = [await said('stopped'), await row()];
		await until('the announcement to go', () => !document.querySelector('#say').textContent);
	},

	/* On a phone: who is signed in, jump links, a long name, names that are written from right to left, and first letters of several code points. */
	async habit() {
		await page.setViewportSize({ width: 360, height: 740 });
		await signIn();
		await inside();
		await until('the titles', () => document.querySelectorAll('.title').length === 4);
		saw.who = [await page.isVisible('#who'), await page.textContent('#who')];
		saw.wide = await page.evaluate(() => document.documentElement.scrollWidth);
		saw.h1 = await page.$$eval('h1', (all) => all.filter((h) => h.checkVisibility()).length);
		saw.names = await page.$$eval('.title h3', (all) => all.map((h) => [h.title === h.querySelector('bdi').textContent, h.scrollHeight > h.clientHeight,
			getComputedStyle(h.querySelector('bdi')).unicodeBidi]));
		saw.initials = await page.$$eval('.title .poster', (all) => all.map((poster) => poster.textContent));
		await page.evaluate(() => document.activeElement.blur());
		await reach('^Titles$');
		saw.shown = await page.evaluate(() => getComputedStyle(document.activeElement).clipPath);
		await press('Enter');
		await press('Tab');
		saw.after = await focused();
	},

	/* Shows what other people do, without a reload; counts the requests that it costs. */
	async others() {
		let bytes = [], titles = 0;
		page.on('response', async (response) => {
			const now = bytes;
			titles += response.url().includes('/api/admin/titles?');
			if (response.url().includes('/console/api/overview'))
				now.push((await response.body().catch(() => '')).length);
		});
		await signIn();
		await inside();
		const card = (text) => until(text, (t) => [...document.querySelectorAll('.title')].some((c) => c.innerText.replace(/\s+/g, ' ').includes(t)), text);
		for (const text of given.texts) {
			console.error('ready');
			await card(text);
		}
		titles = 0;
		bytes = [];		// without responses that have begun before
		while (bytes.length < 3)
			await page.waitForTimeout(50);
		Object.assign(saw, { bytes, titles });
	},

	/* Takes the screenshot of the README, with one film in progress. */
	async picture() {
		await signIn();
		await inside();
		await upload(given.film, given.name);
		await until('progress of each rendition', () => {
			const bars = [...document.querySelectorAll('.rung progress')];
			return bars.length > 1 && bars.every((b) => b.value > 15 && b.value < 95);
		}, null, 240);
		await page.evaluate(() => document.activeElement.blur());
		await page.screenshot({ path: given.picture });
	},
};

Object.assign(scenes, pages({ page, given, saw, choose, press, type, focused, until, reach, signIn, inside, faults, openPlayer, closePlayer, playsOn, addText, cueOf }));

try {
	await page.goto(given.base + '/console/');
	await scenes[process.argv[2]]();
	console.log(JSON.stringify(saw));
} catch (error) {
	console.error(error.message);
	process.exitCode = 1;
} finally {
	await browser.close();
}
