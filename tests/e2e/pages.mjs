// Scenes of the pages beside the first one: a title, people, purchases.
export const pages = ({ page, given, saw, choose, press, type, focused, until, reach, signIn, inside, faults, openPlayer, closePlayer, playsOn, addText, cueOf }) => {
	const value = (name) => page.inputValue('#field-' + name);
	const fill = (name, text) => page.fill('#field-' + name, text);
	const saved = (name) => until('the announcement', (n) => document.querySelector('#say').textContent === n + ' has been saved.', name);
	const opened = (name) => until('the page of ' + name, (n) => document.querySelector('.sheet-name')?.textContent === n && document.querySelector('.part'), name);

	/* Asks the program that runs the scene to change the database, and waits for the effect. */
	const other = async (step, effect, arg) => {
		console.error(step);
		return until(step, effect, arg);
	};

	/* Shows another page of the console. */
	const go = (hash) => page.evaluate((to) => { location.hash = to; }, hash);

	/* An image of four colours: red, green; blue, white. */
	const image = async (width, height, type) => Buffer.from(await page.evaluate(([w, h, t]) => {
		const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
		Object.assign(canvas, { width: w, height: h });
		['#f00', '#0f0', '#00f', '#fff'].forEach((colour, i) => {
			pen.fillStyle = colour;
			pen.fillRect(i % 2 * w / 2, (i >> 1) * h / 2, w / 2, h / 2);
		});
		return canvas.toDataURL(t, 1).split(',')[1];
	}, [width, height, type]), 'base64');

	return {
		/* Edits a title by keyboard; a value that the API refuses; what others save meanwhile, of another and of the same field. */
		async details() {
			await signIn();
			await inside();
			await until('the title', () => document.querySelector('.title'));
			await reach('^Dusk$');
			await press('Enter');
			await opened('Dusk');
			saw.hash = new URL(page.url()).hash;
			saw.focus = await page.evaluate(() => document.activeElement.id);
			saw.away = await page.isVisible('#titles-section');
			await reach('^Name');
			await press('Control+a');
			await type('Dusk in Lagos');
			await fill('description', 'Two lines,\nof a synopsis.');
			await fill('genres', ' Drama \n  Crime\n');
			await fill('countryAvailability', 'ng, gh');
			await fill('releaseDate', '2024-05-06');
			await page.check('#field-isPpv');
			await fill('ppvPriceNaira', '12.5');
			await reach('^Save$');
			await press('Enter');
			saw.refused = await until('the refusal', () => !document.querySelector('#field-ppvPriceNaira-note').hidden && document.querySelector('#field-ppvPriceNaira-note').innerText);
			saw.refusedFocus = await focused();
			saw.invalid = await page.getAttribute('#field-ppvPriceNaira', 'aria-invalid');
			console.error('refused');
			await fill('ppvPriceNaira', '1500');
			await press('Enter');
			await saved('Dusk in Lagos');
			await until('the form as stored', () => document.querySelector('#field-genres').value === 'Drama\nCrime');
			saw.saved = await page.$$eval('.details input, .details textarea', (all) => Object.fromEntries(all.map((i) => [i.name, i.type === 'checkbox' ? i.checked : i.value])));
			saw.disabled = await page.isDisabled('.details .primary');
			await page.focus('#field-releaseDate');
			await press('Backspace');
			await page.click('.details .primary');
			saw.partial = [await page.textContent('#field-releaseDate-note'), await page.evaluate(() => document.activeElement.id)];
			await page.click('.details button:text-is("Undo the changes")');
			saw.undone = [await value('releaseDate'), await page.isDisabled('.details .primary')];

			await fill('genres', 'Drama\nCrime\n');
			await fill('maturityRating', '18+');
			await other('language', () => document.querySelector('#field-language').value === 'yo');	// arrives by itself, and keeps what is being edited
			saw.kept = [await value('maturityRating'), await value('genres')];
			await page.route('**/console/api/overview*', (route) => route.abort());		// no poll tells of the next two
			console.error('silent');
			await until('the change', () => fetch('/api/admin/titles/1', { headers: { Authorization: 'Bearer ' + JSON.parse(localStorage.session).access } })
				.then((r) => r.json()).then(({ title }) => title.maturityRating === '12'));
			await fill('maturityRating', 'PG');
			await press('Enter');
			saw.conflict = await until('the conflict', () => !document.querySelector('#field-maturityRating-note').hidden && document.querySelector('#field-maturityRating-note').innerText.replace(/\s+/g, ' '));
			saw.merged = await value('genres');
			await fill('cast', 'Ada Obi\nSammy Davis, Jr.');
			let release;
			const held = new Promise((done) => { release = done; });
			await page.route('**/api/admin/titles/1', (route) => held.then(() => route.continue()));
			await Promise.all([page.waitForRequest((request) => request.method() === 'PATCH'), page.click('.details .primary')]);
			await fill('description', 'Typed while saving.');
			release();
			await until('what is left', () => document.querySelector('.details .actions .hint').textContent === '1 change not saved' && !document.querySelector('.details .primary').disabled);
			saw.later = [await value('description'), await page.isHidden('.details .saved'), await page.isHidden('#field-maturityRating-note')];
			await page.unroute('**/api/admin/titles/1');
			await page.route('**/api/admin/titles/1', (route) => (route.request().method() === 'GET' ? route.abort() : route.continue()));
			await page.click('.details .primary');
			await until('the failure to load', () => document.querySelector('.sheet > .notice:not([hidden])') && document.querySelector('.details .saved:not([hidden])'));
			saw.unread = [await value('description'), await page.isDisabled('.details .primary')];
			await page.unroute('**/api/admin/titles/1');
			await page.unroute('**/console/api/overview*');
			await until('the title', () => !document.querySelector('.sheet > .notice:not([hidden])'));

			await fill('name', 'Not kept');
			const asked = [];
			page.once('dialog', (dialog) => {
				asked.push(dialog.message());
				dialog.dismiss();
			});
			await page.click('.back');
			saw.asked = asked;
			saw.stays = [new URL(page.url()).hash, await value('name')];
			page.once('dialog', (dialog) => dialog.accept());
			await page.click('.back');
			await until('the list', () => !document.querySelector('#sheet').checkVisibility() && document.querySelector('#titles-section').checkVisibility());
			await go('#title/999');
			saw.missing = await until('the message', () => document.querySelector('#sheet [role=alert]:not([hidden])')?.textContent);
			await go('#title/1');
			await opened('Dusk in Lagos');
			await page.reload();
			await opened('Dusk in Lagos');
		},

		/* Changes the state of titles in their rows, on a page, and of a selection; deletes by typed confirmation; one of them fails. */
		async states() {
			const marks = () => page.$$eval('.title', (all) => Object.fromEntries(all.map((t) => [t.querySelector('h3').textContent, t.querySelector('.tag').textContent])));
			const marked = (name, mark) => until(name + ' to be ' + mark, ([n, m]) => [...document.querySelectorAll('.title')].some((t) => t.querySelector('h3').textContent === n &&
				t.querySelector('.tag').textContent === m), [name, mark]);
			const row = () => page.evaluate(() => document.activeElement.closest('li')?.querySelector('h3').textContent);
			const more = async (name, label) => {
				const card = page.locator('.title', { has: page.locator('h3', { hasText: name }) });
				saw.offered = { ...saw.offered, [name]: await card.locator('.more button').allTextContents() };
				if (!await card.locator('.more').evaluate((d) => d.open))
					await card.locator('summary').press('Enter');
				await card.locator('.more button', { hasText: label }).press('Enter');
			};
			const typed = async (text) => {
				await until('the question', () => document.querySelector('.delete-form'));
				saw.question = await page.textContent('.delete-form label');
				await type('something else');
				saw.disabled = await page.isDisabled('.delete-form .danger');
				await press('Enter');
				saw.still = await page.isVisible('.delete-form');
				await press('Control+a');
				await type(text);
				await press('Enter');
			};
			await signIn();
			await inside();
			await until('the titles', () => document.querySelectorAll('.title').length === 5);
			await more('One', 'Unpublish');
			await marked('One', 'Draft');
			saw.focus = await row();
			saw.said = await page.textContent('#say');
			await more('Two', 'Archive');
			await marked('Two', 'Archived');
			await more('Two', 'Restore');
			await marked('Two', 'Draft');
			await more('Three', 'Delete');
			await typed(' Three ');
			await until('four titles', () => document.querySelectorAll('.title').length === 4);
			saw.next = await row();

			await page.focus('[aria-label="Select: One"]');
			await press('Space');
			await page.focus('[aria-label="Select: Two"]');
			await press('Space');
			await page.focus('[aria-label="Select: Four"]');
			await press('Space');
			saw.bar = await page.$$eval('.selection span, .selection button', (all) => all.map((b) => b.textContent));
			await page.route('**/console/api/overview*', (route) => route.abort());		// the page does not learn that one of them is gone
			console.error('gone');
			await until('the deletion', () => fetch('/api/admin/titles/4', { headers: { Authorization: 'Bearer ' + JSON.parse(localStorage.session).access } })
				.then((r) => r.status === 404));
			await page.click('.selection button:text-is("Archive")');
			await until('the message', () => document.querySelector('.message p'));
			saw.failed = await page.$eval('.message p', (p) => p.textContent);
			saw.count = await page.textContent('#say');
			await page.unroute('**/console/api/overview*');
			await marked('Two', 'Archived');
			await until('three titles', () => document.querySelectorAll('.title').length === 3);
			await page.click('.selection button:text-matches("^Select all")');
			await page.click('.selection button:text-is("Delete")');
			await typed('delete 3 titles');
			await until('no titles', () => document.querySelectorAll('.title').length === 0);
			saw.end = await focused();

			console.error('another');
			await until('a title', () => document.querySelector('.title'));
			await go('#title/9');
			await opened('Nine');
			await page.click('.sheet-actions button:text-is("Archive")');
			await until('the mark', () => document.querySelector('.sheet .tag')?.textContent === 'Archived');
			saw.page = await page.$$eval('.sheet-actions button', (all) => all.map((b) => b.textContent));
			await page.click('.sheet-actions button:text-is("Delete")');
			await typed('Nine');
			await until('the list', () => !document.querySelector('#sheet').checkVisibility() && document.querySelector('#titles-section').checkVisibility() && !document.querySelector('.title'));
			saw.marks = await marks();
		},

		/* Reads the timeline of a series; a job fails, is tried again, and ends with notes, while the page is open. */
		async timeline() {
			const events = () => page.$$eval('.event', (all) => all.map((e) => [e.querySelector('h4').innerText, e.querySelector('.job-state').textContent,
				[...e.querySelectorAll('.rung > span')].map((r) => r.textContent), [...e.querySelectorAll('.notes li')].map((n) => n.textContent),
				[...e.querySelectorAll('button')].map((b) => b.textContent)]));
			const state = (n, text) => until(text, ([at, t]) => document.querySelectorAll('.event')[at]?.querySelector('.job-state').textContent.startsWith(t), [n, text]);
			await signIn();
			await inside();
			await until('the titles', () => document.querySelectorAll('.title').length === 3);
			await go('#title/1');
			await opened('Dusk');
			await until('the uploads', () => document.querySelectorAll('.event').length === 3);
			saw.first = await events();
			const asked = [];
			page.on('request', (request) => asked.push(new URL(request.url()).pathname));
			await other('elsewhere', () => [...document.querySelectorAll('#jobs .job-name > bdi')].some((name) => name.textContent === 'Noon'));
			await page.evaluate(() => fetch('/api/health'));		// what the page had sent before has been told by now
			saw.asked = [...new Set(asked)];
			await page.click('.event button:text-is("Retry")');
			await state(0, 'Waiting to be transcoded');
			console.error('done');
			await state(0, 'Transcoded: this film is played');
			saw.last = await events();
			await go('#title/2');
			saw.none = await until('an empty timeline', () => [document.querySelector('[aria-labelledby=part-uploads-and-transcoding] > .hint:not([hidden])')?.textContent].find((t) => t && t !== 'Loading'));

			let release, fetched;		// an answer that comes after a newer one
			const held = new Promise((done) => { release = done; }), there = new Promise((done) => { fetched = done; });
			await page.route('**/api/admin/titles/2', async (route) => {
				const response = await route.fetch();
				fetched();
				await held;
				await route.fulfill({ response });
			}, { times: 1 });
			console.error('renamed');
			await there;
			await other('again', () => document.querySelector('.sheet-name').textContent === 'Dawn 2');
			const late = page.waitForResponse((response) => response.url().endsWith('/api/admin/titles/2'));
			release();
			await (await late).finished();
			await page.evaluate(() => fetch('/api/health'));
			saw.name = await page.textContent('.sheet-name');
		},

		/* Goes on with an upload of an episode from the page of its series, discards another one, and begins one again that takes no more parts. */
		async unfinished() {
			const begin = (episodeId, name) => page.evaluate(([id, fileName, bytesTotal]) => fetch('/api/admin/uploads/init', { method: 'POST',
				headers: { Authorization: 'Bearer ' + JSON.parse(localStorage.session).access, 'Content-Type': 'application/json' },
				body: JSON.stringify({ kind: 'EPISODE', episodeId: id, fileName, bytesTotal, contentType: 'video/mp4' }) }).then((r) => r.status), [episodeId, name, given.bytes]);
			const rows = () => page.$$eval('.event:has(h4)', (all) => all.map((e) => [e.querySelector('h4').innerText, e.querySelector('.job-state').textContent,
				[...e.querySelectorAll('button')].map((b) => b.textContent)]));
			const row = (name, start) => until(name + ': ' + start, ([n, s]) => [...document.querySelectorAll('.event')].some((e) => e.querySelector('h4')?.textContent.startsWith(n) &&
				e.querySelector('.job-state').textContent.startsWith(s)), [name, start], 60);
			const pick = async (name, file) => {
				await choose(file, () => page.click('.event [aria-label="Resume: ' + name + '"]'));
			};
			await signIn();
			await inside();
			saw.begun = [await begin('7', 'pilot.mp4'), await begin('8', 'second.mp4'), await begin('8', 'third.mp4')];
			console.error('begun');
			await go('#title/2');
			await opened('Show');
			await until('the uploads', () => document.querySelectorAll('.event [aria-label^="Resume"]').length === 3);
			saw.first = await rows();
			await pick('pilot.mp4', given.second);
			saw.refused = await until('the refusal', () => document.querySelector('#messages p')?.textContent);

			let release;
			const held = new Promise((done) => { release = done; });
			await page.route('**', (route) => (route.request().method() === 'PUT' ? held.then(() => route.continue()) : route.fallback()));
			await pick('pilot.mp4', given.pilot);
			await row('pilot.mp4', 'Uploading');
			saw.during = (await rows()).at(-1);
			release();
			await row('pilot.mp4', 'Waiting to be transcoded');
			page.once('dialog', (dialog) => dialog.accept());
			await page.focus('.event [aria-label="Discard: third.mp4"]');
			await press('Enter');
			await row('third.mp4', 'Canceled');
			saw.focus = await page.evaluate(() => document.activeElement.querySelector('h4')?.innerText);
			await pick('second.mp4', given.second);
			await until('another upload', () => document.querySelectorAll('.event:has(h4)').length === 4);
			await row('second.mp4', 'Waiting to be transcoded');
			saw.last = await rows();
		},

		/* Creates a series by keyboard, after the API has refused it once, and a movie without a film; the role loses and gets its permission meanwhile. */
		async create() {
			const asked = () => until('the dialog', () => document.querySelector('dialog[open] [name=type]'));
			const refusal = (text) => until(text, (t) => [document.querySelector('dialog[open] [role=alert]:not([hidden])')?.textContent].find((told) => told === t), text);
			await signIn();
			await inside();
			await until('an empty list', () => !document.querySelector('#no-titles').hidden);
			await reach('^New title$');
			await press('Enter');
			await asked();
			saw.types = await page.$$eval('dialog[open] option', (all) => all.map((option) => option.textContent));
			await press('Enter');
			saw.unnamed = [await refusal('Enter a name.'), await page.evaluate(() => document.activeElement.name)];
			await type('  Harmattan ');
			await other('demote', () => document.querySelector('#new-title').hidden);
			await press('Enter');
			saw.refused = [await refusal('Insufficient permissions'), await page.inputValue('dialog[open] [name=name]')];
			await other('promote', () => !document.querySelector('#new-title').hidden);
			await reach('^Create$');
			await press('Enter');
			await opened('Harmattan');
			await until('the form', () => document.querySelector('.details'));
			saw.series = [await page.evaluate(() => location.hash), await page.$$eval('.part h3', (all) => all.map((h) => h.textContent)), await page.textContent('#sheet .tag'),
				await page.textContent('#say'), await page.$$eval('dialog', (all) => all.filter((dialog) => dialog.open).length)];
			await page.click('.back');
			await until('the series in the list', () => document.querySelector('.title h3')?.textContent === 'Harmattan');
			await page.click('#new-title');
			await asked();
			await type('Kites');
			await press('Escape');
			await until('the end of the dialog', () => !document.querySelector('dialog [name=type]'));
			await page.click('#new-title');
			await asked();
			await type('Kites');
			await page.selectOption('dialog[open] [name=type]', { label: 'Movie, without a film yet' });
			await page.click('dialog[open] .primary');
			await opened('Kites');
			await until('the form', () => document.querySelector('.details'));
			saw.movie = await page.$$eval('.sheet-actions button', (all) => all.map((b) => b.textContent));
		},

		/* Chooses files whose uploads were begun, for a movie, for an episode, and in a folder: they go on. Those that have been uploaded are asked. */
		async dropped() {
			const begin = (target, fileName) => page.evaluate(([t, name, bytesTotal]) => fetch('/api/admin/uploads/init', { method: 'POST',
				headers: { Authorization: 'Bearer ' + JSON.parse(localStorage.session).access, 'Content-Type': 'application/json' },
				body: JSON.stringify({ ...t, fileName: name, bytesTotal, contentType: 'video/mp4' }) }).then((r) => r.status), [target, fileName, given.bytes]);
			const replace = async () => {
				await choose(given.dusk, () => page.click('.title:has(h3 bdi:text-is("Dusk")) button:text-is("Replace film")'));
				await until('the form', () => document.querySelector('#add').open);
				return page.$eval('.add-row', (row) => [row.querySelector('select').selectedOptions[0].text, ...[...row.querySelectorAll('p:not([hidden])')].slice(1).map((p) => p.textContent)]);
			};
			const plan = async () => {
				await until('the plan', () => document.querySelector('dialog[open] .plan'));
				return page.$$eval('dialog[open] .plan li', (all) => all.map((li) => [li.querySelector('input').checked, ...[...li.querySelectorAll('label, p')].map((e) => e.textContent)]));
			};
			const waits = (count) => until(count + ' uploads of this series', (n) => [...document.querySelectorAll('.event .job-state')]
				.filter((p) => p.textContent === 'Waiting to be transcoded').length === n, count, 60);
			await signIn();
			await inside();
			saw.begun = [await begin({ kind: 'MOVIE', titleId: '1' }, 'dusk.mp4'), await begin({ kind: 'EPISODE', episodeId: '7' }, 's01e01.mp4'),
				await begin({ kind: 'EPISODE', episodeId: '8' }, 's01e02.mp4')];
			await other('begun', () => document.querySelectorAll('#jobs [aria-label^="Resume"]').length === 3);
			saw.movie = await replace();
			await page.click('#add .primary');
			saw.said = await page.textContent('#say');
			await until('the film', () => [...document.querySelectorAll('.job-state')].some((s) => s.textContent === 'Waiting to be transcoded'), null, 60);
			saw.repeated = await replace();
			await press('Escape');

			await go('#title/2');
			await opened('Show');
			await choose(given.folder + '/s01e01.mp4', () => page.click('[aria-label="Replace film: Pilot"]'));
			saw.episode = await plan();
			await press('Enter');
			await waits(1);
			await page.setInputFiles('#episode-folder', given.folder);
			saw.folder = await plan();
			await press('Enter');
			await waits(3);
		},

		/* Finds titles among thousands: by what is typed, by state and type, and in other orders. */
		async find() {
			const names = () => page.$$eval('.title h3', (all) => all.map((h) => h.textContent));
			const first = (name, count) => until(name + ' of ' + count, ([n, c]) => document.querySelectorAll('.title').length === c &&
				document.querySelector('.title h3').textContent === n, [name, count]);
			const asked = [];
			page.on('request', (request) => {
				if (request.url().includes('/api/admin/titles?'))
					asked.push(new URL(request.url()).search);
			});
			await signIn();
			await inside();
			await first('Film 5000', 100);
			await page.evaluate(() => { window.rows = new Set(document.querySelector('#titles').children); });
			await page.focus('#find');
			await type('ilm 4');
			await first('Film 4999', 100);
			saw.drawn = await page.$$eval('.title', (all) => all.filter((row) => !window.rows.has(row)).map((row) => row.querySelector('h3').textContent));
			await type('321');
			await first('Film 4321', 1);
			await page.fill('#find', '');
			await page.selectOption('#filters [name=sort]', 'name');
			await first('Bare', 100);
			saw.count = await page.textContent('#count');
			await page.selectOption('#filters [name=state]', 'archived');
			await first('Film 10', 50);
			await page.selectOption('#filters [name=type]', 'SERIES');
			await until('no match', () => !document.querySelector('#no-titles').hidden && !document.querySelector('.title'));
			saw.none = await page.textContent('#no-titles');
			await page.selectOption('#filters [name=state]', 'empty');
			await first('Bare', 1);
			saw.asked = [...asked];
			saw.names = await names();

			await go('#title/1');		// the list does not have it
			await opened('Film 1');
			await choose({ name: 'one.mp4', mimeType: 'video/mp4', buffer: Buffer.from('film') }, () => page.click('.sheet-actions button:text-is("Add film")'));
			await until('the form', () => document.querySelector('#add').open);
			saw.target = await page.$$eval('.add-row', (all) => all.map((row) => [row.querySelector('select').selectedOptions[0].text, row.querySelector('.add-live').textContent]));
		},

		/* Opens a link with filters before the sign-in; changes them, goes back and forward, reloads, and signs out. */
		async address() {
			/* In Firefox, page.goBack() waits for a load, which a step within a page is not. */
			const move = (steps) => page.evaluate((n) => new Promise((done) => {
				addEventListener('popstate', () => setTimeout(done), { once: true });
				history.go(n);
			}), steps);
			const shown = () => page.evaluate(() => [location.search + location.hash, document.querySelector('#find').value,
				...[...document.querySelector('#filters').elements].map((select) => select.value), [...document.querySelectorAll('.title h3')].map((h) => h.textContent).join()]);
			const listed = async (names) => {
				await until(names, (wanted) => !document.querySelector('#sheet').checkVisibility() && [...document.querySelectorAll('.title h3')].map((h) => h.textContent).join() === wanted, names);
				return shown();
			};
			saw.steps = [];
			const see = async (names) => saw.steps.push(await listed(names));
			await page.goto(given.base + '/console/?sort=name&state=draft&type=KITE');
			await signIn();
			await inside();
			await see('A kite,A moth,B kite');
			await page.focus('#find');
			await type('kit');
			await listed('A kite,B kite');
			await type('e & ');
			await until('the address', () => location.search.startsWith('?q=kite%20%26&'));
			await press('Backspace', 'Backspace', 'Backspace');
			await until('the address', () => location.search.startsWith('?q=kite&'));
			await see('A kite,B kite');
			await page.selectOption('#filters [name=state]', 'archived');
			await see('C kite');
			await page.click('.title-name a');
			await opened('C kite');
			await page.reload();
			await opened('C kite');
			await move(-1);
			await see('C kite');
			await move(-1);
			await see('A kite,B kite');
			await move(-1);
			await see('A kite,A moth,B kite');
			await move(1);
			await see('A kite,B kite');
			await page.reload();
			await inside();
			await see('A kite,B kite');
			await reach('^Sign out');
			await press('Enter');
			await until('the sign-in page', () => !document.querySelector('#door').hidden);
			saw.out = await page.evaluate(() => location.search + document.querySelector('#find').value);
		},

		/* Adds and moves episodes of a series, and chooses a folder whose files find their episodes. */
		async series() {
			const tree = () => page.$$eval('.seasons > li', (all) => all.map((li) => [li.querySelector('summary').textContent,
				[...li.querySelectorAll('.episode-name')].map((p) => p.textContent.trim())]));
			const said = (text) => until('the announcement: ' + text, (t) => document.querySelector('#say').textContent === t, text);
			const detail = () => page.evaluate(() => fetch('/api/admin/titles/1', { headers: { Authorization: 'Bearer ' + JSON.parse(localStorage.session).access } })
				.then((r) => r.json()).then(({ title }) => title));
			const numbers = () => detail().then(({ episodes }) => episodes.map((e) => [e.name, e.episodeNumber]).sort());
			const message = (start) => until('the message: ' + start, (s) => [...document.querySelectorAll('.message p')].map((p) => p.textContent).find((t) => t.startsWith(s)), start);
			await signIn();
			await inside();
			await go('#title/1');
			await opened('Dusk');
			await page.click('.part button:text-is("Add an episode")');
			await type('Second');
			saw.proposed = await page.$$eval('dialog[open] input', (all) => all.map((i) => i.value));
			await page.fill('dialog[open] [name=episodeNumber]', 'two');
			await press('Enter');
			saw.refused = await until('the refusal', () => document.querySelector('dialog[open] [role=alert]:not([hidden])')?.textContent);
			await page.fill('dialog[open] [name=episodeNumber]', '2');
			await press('Enter');
			await until('the episode', () => document.querySelectorAll('.episode-name').length === 2 && !document.querySelector('dialog[open]'));
			saw.added = await tree();
			await page.click('[aria-label="Later: Pilot"]');
			await until('the order', () => document.querySelector('.episode-name bdi').textContent === 'Second');
			saw.moved = await tree();
			await page.click('[aria-label="Earlier: Pilot"]');
			await until('the order', () => document.querySelector('.episode-name bdi').textContent === 'Pilot');
			const second = (route) => route.request().method() === 'PATCH' && !route.request().url().endsWith('/1000');
			await page.route('**/api/admin/episodes/*', (route) => (second(route) ? route.abort() : route.continue()));
			await page.click('[aria-label="Later: Pilot"]');
			saw.unmoved = [(await message('The order')).split(':')[0], await numbers()];
			await page.unroute('**/api/admin/episodes/*');
			await other('twins', () => document.querySelector('.episode-name bdi').textContent === 'Second');
			await page.click('[aria-label="Later: Second"]');
			await until('the order', () => document.querySelector('.episode-name bdi').textContent === 'Pilot');
			saw.parted = await numbers();

			await page.setInputFiles('#episode-folder', given.folder);
			await until('the plan', () => document.querySelector('dialog[open] .plan'));
			saw.heading = await page.textContent('dialog[open] h2');
			await page.route('**/api/admin/titles/1/episodes', (route) => route.abort());
			await press('Enter');
			saw.uncreated = (await message('Not all')).split(':')[0];
			await said('The upload of 1 film begins.');
			await until('its film', () => [...document.querySelectorAll('.event .job-state')].some((p) => p.textContent === 'Waiting to be transcoded'));
			await page.unroute('**/api/admin/titles/1/episodes');
			await page.setInputFiles('#episode-folder', given.folder);
			await until('the plan', () => document.querySelector('dialog[open] .plan'));
			saw.plan = await page.$$eval('dialog[open] .plan li', (all) => all.map((li) => [li.textContent, li.querySelector('input').checked]));
			await page.focus('dialog[open] .primary');
			await press('Enter');
			await until('the new season', () => document.querySelectorAll('.seasons > li').length === 2);
			saw.tree = await tree();
			console.error('sent');
			await until('the films', () => [...document.querySelectorAll('.event .job-state')].filter((p) => p.textContent === 'Waiting to be transcoded').length === 3, null, 60);
			await page.click('[aria-label="Edit: Home"]');
			await page.fill('dialog[open] [name=name]', 'Homeward');
			console.error('synopsis');
			await until('the synopsis', () => fetch('/api/admin/titles/1', { headers: { Authorization: 'Bearer ' + JSON.parse(localStorage.session).access } })
				.then((r) => r.json()).then(({ title }) => title.episodes.some((e) => e.synopsis === 'By another')));
			await press('Enter');
			await said('Homeward has been saved.');
			saw.edited = (await detail()).episodes.filter((e) => e.seasonNumber === 2).map((e) => [e.name, e.synopsis]);
			page.once('dialog', (dialog) => dialog.accept());
			await page.click('[aria-label="Delete season: season 2"]');
			await until('one season', () => document.querySelectorAll('.seasons > li').length === 1);

			const drop = () => page.evaluate(() => {		// a folder whose one file takes until read() is called
				const file = new File(['film'], 'S01E09.mp4', { type: 'video/mp4' }), entry = { isFile: true, file: (done) => { window.read = () => done(file); } };
				const event = Object.assign(new Event('drop', { bubbles: true, cancelable: true }), { dataTransfer: { items: [{ webkitGetAsEntry: () => entry }] } });
				document.querySelector('.part .drop').dispatchEvent(event);
			});
			await drop();
			await page.evaluate(() => window.read());
			await until('the plan', () => document.querySelector('dialog[open] .plan'));
			await press('Escape');
			await drop();
			await go('#title/2');
			await opened('Dawn');
			await page.evaluate(() => window.read());
			await page.evaluate(() => fetch('/api/health'));
			saw.astray = await page.$$eval('dialog[open]', (all) => all.map((dialog) => dialog.innerText));
		},

		/*
		 * Adds the film of an episode in the tree of its series, and plays it as a draft and published, with each of its audio tracks, then with subtitles, which it
		 * adds and deletes.
		 */
		async episode() {
			const played = async (look = () => ({})) => {
				await openPlayer('Pilot');
				await playsOn(0.2);
				const level = await until('the rendition', () => [document.querySelector('#player-level').textContent].find((text) => text !== 'Loading'));
				const seen = { title: await page.textContent('#player-title'), level,
					sounds: await page.$$eval('#sound label', (all) => all.map((l) => l.innerText)), ...await look() };
				await closePlayer();
				return seen;
			};
			const tracks = (holder) => page.$$eval(holder + ' [aria-label="Audio tracks"] li', (all) => all.map((li) => li.textContent));
			const asked = [];
			page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').at(-1)));
			/* Chooses the second track; tells which audio playlists have been loaded since the page before. */
			const second = async () => {
				await page.focus('#sound input[value="1"]');
				await press('Space');
				await until('the choice', () => document.querySelector('#sound input[value="1"]').checked);
				for (let i = 0; i < 1000 && !asked.includes('a-yo.m3u8'); i++)
					await page.waitForTimeout(20);
				return { asked: asked.splice(0).filter((name) => name.startsWith('a-')) };
			};
			await signIn();
			await inside();
			await go('#title/1');
			await opened('Dusk');
			saw.before = [await page.isVisible('[aria-label="Play: Pilot"]'), await tracks('.episodes')];
			await choose(given.film, () => page.click('[aria-label="Add film: Pilot"]'));
			await until('the film', () => document.querySelector('[aria-label="Play: Pilot"]'), null, 240);
			await until('its audio tracks', () => document.querySelector('.episodes [aria-label="Audio tracks"] li'));
			saw.tracks = await tracks('.episodes');
			saw.draft = await played(second);
			await page.click('[aria-label="Publish: Pilot"]');
			await until('the publishing', () => document.querySelector('#say').textContent === 'Pilot is published.' && !document.querySelector('[aria-label="Publish: Pilot"]'));
			saw.published = await played(second);

			await reach('^Subtitles: Pilot');
			await press('Enter');
			await until('the dialog', () => document.querySelector('#text').open && !document.querySelector('#text-none').hidden);
			saw.dialog = await page.textContent('#text-title');
			await page.selectOption('#text [name=kind]', 'captions');
			await page.fill('#text [name=label]', 'For Ada');
			await addText(given.text);
			saw.listed = await until('the track', () => document.querySelector('#text-list li p')?.textContent);
			await press('Escape');
			saw.captioned = await played(async () => ({ cue: await cueOf(0), texts: await page.$$eval('#texts label', (all) => all.map((l) => l.innerText)), faults: await faults() }));
			page.once('dialog', (dialog) => dialog.accept());
			await reach('^Subtitles: Pilot');
			await press('Enter');
			await reach('^Delete: For Ada');
			await press('Enter');
			await until('the empty list', () => !document.querySelector('#text-none').hidden);
			await press('Escape');
			console.error('movie');
			await go('#title/2');
			await opened('Dawn');
			await until('the tracks', () => document.querySelector('[aria-labelledby=part-audio-tracks] li'));
			saw.movie = await tracks('[aria-labelledby=part-audio-tracks]');
		},

		/* The link of a title and who changed it; invites, changes a role, finds a viewer, reads the purchases and resets the account; deletes one. */
		async people() {
			const said = (text) => until('the announcement: ' + text, (t) => document.querySelector('#say').textContent === t, text);
			const items = (heading) => page.$$eval('.part .event', (all, h) => all
				.filter((li) => li.closest('.part').querySelector('h3').textContent === h).map((li) => li.innerText.replace(/\s+/g, ' ').trim()), heading);
			const some = (heading) => until(heading, (h) => [...document.querySelectorAll('.part')].some((p) => p.querySelector('h3').textContent === h && p.querySelector('.event')), heading);
			await signIn();
			await inside();
			await go('#title/1');
			await opened('Dusk');
			saw.link = [await page.inputValue('.link input'), await page.getAttribute('.link a', 'href'), await page.textContent('.part:has(.link) .hint')];
			if (!given.firefox)
				await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
			await page.click('.link button');
			await said('The link has been copied.');
			saw.copied = given.firefox ? null : await page.evaluate(() => navigator.clipboard.readText());		// Firefox asks the user first
			await page.click('.sheet-actions button:text-is("Archive")');
			await some('Changes');
			saw.changes = (await items('Changes')).map((text) => text.replace(/by Ada Obi .*?M · /, 'by Ada Obi · '));

			await reach('^People$');
			await press('Enter');
			await some('Administrators');
			await page.fill('.invite [name=email]', 'ben');
			await page.click('.invite button');
			saw.refused = await until('the refusal', () => document.querySelector('#invite-note:not([hidden])')?.textContent);
			await page.fill('.invite [name=email]', 'ben@example.com');
			await press('Enter');
			await said('ben@example.com has been invited.');
			await until('the invitation', () => document.querySelector('[aria-label="Revoke: ben@example.com"]'));
			await page.click('[aria-label="Revoke: ben@example.com"]');
			await until('no invitation', () => !document.querySelector('[aria-label^="Revoke"]'));
			saw.own = await page.$$eval('.person', (all) => all.map((li) => li.innerText).filter((t) => t.includes('(you)')).length);
			await page.selectOption('[aria-label="Role of Chi"]', 'SUPPORT');
			await page.click('[aria-label="Change the role: Chi"]');
			await said('Chi is now Support.');
			await page.fill('.part input[type=search]', 'dayo');
			await until('one viewer', () => [...document.querySelectorAll('.part')].at(-1).querySelectorAll('.event').length === 1);
			await page.click('.person a:has(bdi:text-is("Dayo"))');
			await until('the person', () => document.querySelector('.sheet-title')?.textContent === 'Dayo');
			await some('Purchases');
			saw.purchases = (await items('Purchases')).map((text) => text.split(' · ')[0].replace(/ [A-Z][a-z]{2} .*/, '') + ' · ' + text.split(' · ').at(-1));
			saw.about = (await page.textContent('.sheet > .hint')).replace(/since .*? ·/, '·');
			await page.click('button:text-is("Reset pay per view")');
			await said('Strikes and bar of dayo@example.com have been removed.');
			await some('Changes');
			saw.reset = await until('no more to reset', () => ![...document.querySelectorAll('button')].some((b) => b.textContent === 'Reset pay per view'));
			page.once('dialog', (dialog) => dialog.accept('somebody@example.com'));
			await page.click('button:text-is("Delete account")');
			saw.kept = await until('the refusal', () => document.querySelector('.sheet > .notice:not([hidden])')?.textContent);
			page.once('dialog', (dialog) => dialog.accept('Dayo@example.com'));
			await page.click('button:text-is("Delete account")');
			await until('the account to be gone', () => document.querySelector('.sheet > .hint').textContent.startsWith('This account does not exist'));
			saw.gone = await items('Changes');

			console.error('demote');
			await go('#people');
			await until('the effect', () => document.querySelector('#people-link').hidden);
			await page.reload();
			saw.demoted = [await until('the refusal', () => document.querySelector('#sheet .notice:not([hidden])')?.textContent), await page.isVisible('#people-link')];
		},

		/* Types in the search. Counts the time of the browser's main thread for each key. */
		async keystrokes() {
			const devtools = await page.context().newCDPSession(page);
			const figures = async () => Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value: seconds }) => [name, seconds]));
			const typed = async (keys) => {
				const took = [];
				await page.focus('#find');
				for (const key of keys) {
					const before = await figures();
					await Promise.all([page.waitForResponse((response) => response.url().includes('/api/admin/titles?')), page.keyboard.press(key)]);
					await page.waitForTimeout(500);		// until the list has been drawn
					const after = await figures();
					took.push({ ScriptDuration: after.ScriptDuration - before.ScriptDuration, TaskDuration: after.TaskDuration - before.TaskDuration });
				}
				return took;
			};
			page.setDefaultTimeout(120000);
			await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });		// CPU time: other programs do not count
			await signIn();
			await inside();
			await until('the titles', () => document.querySelectorAll('.title').length === 100);
			await typed(['F', 'Backspace']);
			saw.keys = await typed([...'1234', ...Array(4).fill('Backspace'), ...'4321', ...Array(4).fill('Backspace')]);
		},

		/* Shows what others do to people and purchases, on each of these pages, without a reload. */
		async renewed() {
			const visit = async (hash, heading) => {
				await go(hash);
				await until(heading, (h) => document.querySelector('.sheet-title')?.textContent === h && document.querySelector('.sheet .event'), heading);
			};
			const row = (step, text) => other(step, (t) => [...document.querySelectorAll('#sheet .event')].some((li) => li.innerText.replace(/\s+/g, ' ').includes(t)), text);
			const hint = (step, text) => other(step, (t) => [...document.querySelectorAll('#sheet .hint')].some((p) => p.textContent.includes(t)), text);
			await signIn();
			await inside();
			await visit('#people', 'People');
			await page.selectOption('[aria-label="Role of Ola"]', 'OPS');
			await row('joined', 'Efe');
			await row('invited', 'ben@example.com Ops · invited');
			await row('promoted', 'Chi Ude');
			saw.choice = await page.inputValue('[aria-label="Role of Ola"]');
			saw.staff = await page.inputValue('[aria-label="Role of Chi Ude"]');
			await visit('#person/51', 'Dayo');
			await hint('barred', 'barred from pay per view');
			await row('bought', 'Dusk 500 NGN · pending');
			await row('audited', 'Ppv reset by Chi Ude');
			await visit('#purchases', 'Purchases');
			await page.click('#sheet .part button');
			await until('all', () => document.querySelectorAll('#sheet .event').length === 251);
			await hint('paid', '251 purchases · paid in all: 250500 NGN');
			saw.all = await page.$$eval('#sheet .event', (all) => all.length);
			saw.first = await page.$eval('#sheet .event', (li) => li.innerText.replace(/\s+/g, ' '));
			await other('finance', () => document.querySelector('#titles-section').hidden);
			await until('the purchases', () => document.querySelectorAll('#sheet .event').length >= 200);
			saw.gone = await other('analytics', () => document.querySelector('#sheet .notice:not([hidden])')?.textContent);
		},

		/* The main path of each page: list, title, series, people, person, purchases, Operations. */
		async walk() {
			const said = (text) => until('the announcement: ' + text, (t) => document.querySelector('#say').textContent === t, text);
			const names = (wanted) => until(wanted, (w) => [...document.querySelectorAll('.title h3')].map((h) => h.textContent).join() === w, wanted);
			await page.goto(given.base + '/console/?sort=name');
			await signIn();
			await inside();
			await names('Dusk,Show');
			await page.selectOption('#filters [name=type]', 'MOVIE');
			await names('Dusk');
			await page.reload();
			await names('Dusk');
			saw.address = await page.evaluate(() => location.search);
			await reach('^Dusk$');
			await press('Enter');
			await opened('Dusk');
			await fill('name', 'Dusk in Lagos');
			await page.click('.details .primary');
			await saved('Dusk in Lagos');
			await page.setInputFiles('#art-thumbnail', { name: 'i.png', mimeType: 'image/png', buffer: await image(400, 400, 'image/png') });
			await until('the dialog', () => document.querySelector('dialog[open] .crop-view'));
			await reach('^Scale');
			await press('End');
			await page.click('dialog[open] .primary');
			await said('Thumbnail has been stored.');
			await page.click('.sheet-actions button:text-is("Archive")');
			await said('Dusk in Lagos is archived.');
			await until('the changes', () => [...document.querySelectorAll('.event')].some((li) => li.textContent.startsWith('Title update')));
			await go('#title/2');
			await opened('Show');
			await page.click('.part button:text-is("Add an episode")');
			await until('the form', () => document.querySelector('dialog[open] input'));
			await page.fill('dialog[open] [name=name]', 'Pilot');
			await press('Enter');
			await until('the episode', () => document.querySelector('.episode-name')?.textContent.includes('Pilot'));

			await reach('^People$');
			await press('Enter');
			await until('the people', () => document.querySelector('.invite'));
			await page.fill('.invite [name=email]', 'ben@example.com');
			await press('Enter');
			await said('ben@example.com has been invited.');
			await page.click('.person a:has(bdi:text-is("Dayo"))');
			await until('the purchases', () => document.querySelector('.sheet-title')?.textContent === 'Dayo' && [...document.querySelectorAll('.event')].some((li) => li.textContent.includes('1500 NGN')));
			await page.click('button:text-is("Reset pay per view")');
			await said('Strikes and bar of dayo@example.com have been removed.');
			await reach('^Purchases$');
			await press('Enter');
			await until('all purchases', () => document.querySelector('.sheet-title')?.textContent === 'Purchases' && document.querySelector('.event'));
			saw.purchases = await page.$eval('.part > .hint', (p) => p.textContent);
			await reach('^Operations$');
			await press('Enter');
			await until('the charts', () => document.querySelectorAll('.chart canvas').length === 10 && !document.querySelector('.figures-body').hidden);
			saw.drawn = await page.$$eval('.chart canvas', (all) => all.slice(0, 6).map((c) => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size));
			saw.wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
			await page.goBack();
			await until('the purchases', () => document.querySelector('.sheet-title')?.textContent === 'Purchases');
		},

		/* Reads purchases with a role that may not see films or people: all, of a state, of a viewer who is found by address; and without the right to reset. */
		async purchases() {
			const rows = () => page.$$eval('#sheet .event', (all) => all.map((li) => li.innerText.replace(/\s+/g, ' ').replace(/ · [A-Z][a-z]{2} [^·]* · /, ' · ').trim()));
			const told = (text) => until(text, (t) => document.querySelector('#sheet .part > .hint')?.textContent === t, text);
			await signIn();
			await inside();
			await reach('^Purchases$');
			await press('Enter');
			await told('251 purchases · paid in all: 252500 NGN');
			saw.first = [(await rows()).length, (await rows())[0], await page.isVisible('#trouble'), await page.$$eval('#sheet .event a', (all) => new Set(all.map((a) => a.hash.split('/')[0])).size)];
			saw.faults = await faults();
			await page.click('#sheet .part button');
			await until('all', () => document.querySelectorAll('#sheet .event').length === 251 && document.querySelector('#sheet .part button').checkVisibility() === false);
			await page.selectOption('#sheet select', 'FAILED');
			await told('1 purchase · paid in all: 252500 NGN');
			saw.failed = await rows();
			await page.selectOption('#sheet select', '');
			await page.fill('#sheet input', 'nobody@example.com');
			await told('No purchase matches.');
			await page.fill('#sheet input', ' DAYO@example.com');
			await told('2 purchases · paid in all: 2500 NGN');
			await page.click('#sheet .event a');
			saw.viewer = [await told('Paid in all: 2500 NGN'), await page.textContent('.sheet-title'), await page.textContent('.sheet > .hint'), await rows(), await page.$$eval('#sheet .part', (all) => all.length)];
			await page.click('button:text-is("Reset pay per view")');
			await until('the reset', () => document.querySelector('#say').textContent === 'Strikes and bar have been removed.');
			console.error('support');
			await go('#person/52');
			await page.reload();
			saw.none = [await told('This person has bought nothing.'), await page.textContent('.sheet-title'), await page.$$eval('#sheet button:not([hidden])', (all) => all.length)];
			await page.click('.back');
			await told('251 purchases · paid in all: 252500 NGN');
			await go('#people');
			saw.people = await until('the refusal', () => document.querySelector('#sheet .notice:not([hidden])')?.textContent);
		},

		/* Uploads a poster, refuses a text as a thumbnail, drops a trailer, and takes a frame of the film as the poster. */
		async art() {
			const said = (text) => until('the announcement: ' + text, (t) => document.querySelector('#say').textContent === t, text);
			const actions = (kind) => page.$$eval('.piece:has(#art-' + kind + ') button', (all) => all.map((b) => b.textContent));
			const drop = (kind, name, type) => page.evaluate(([k, n, t]) => {
				const dataTransfer = new DataTransfer();
				dataTransfer.items.add(new File(['a trailer'], n, { type: t }));
				document.querySelector('.piece:has(#art-' + k + ') h4').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
			}, [kind, name, type]);
			const complaint = (kind, end) => until('the refusal: ' + end, ([k, e]) => {
				const text = document.querySelector('.piece:has(#art-' + k + ') .field-note:not([hidden])')?.textContent;
				return text?.endsWith(e) && text;
			}, [kind, end]);
			const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
			await page.route('**', (route) => (route.request().resourceType() === 'image' ? route.fulfill({ contentType: 'image/png', body: PNG }) : route.continue()));
			await signIn();
			await inside();
			await until('the title', () => document.querySelector('.title'));
			await page.route('**/api/admin/titles/1/posters', (route) => route.abort(), { times: 1 });
			await go('#title/1');
			await opened('Dusk');
			await until('the frame', () => document.querySelector('.candidates:not([hidden])'));
			saw.before = await actions('poster');
			await page.setInputFiles('#art-poster', { name: 'p.png', mimeType: 'image/png', buffer: Buffer.from('a poster') });
			await said('Poster has been stored.');
			await until('the buttons', () => [...document.querySelectorAll('.piece:has(#art-poster) button')].some((b) => b.textContent === 'Remove'));
			saw.after = await actions('poster');
			await page.setInputFiles('#art-thumbnail', { name: 't.txt', mimeType: 'text/plain', buffer: Buffer.from('text') });
			saw.refused = [await complaint('thumbnail', 'image.')];
			await until('the poster in the list', () => document.querySelector('#titles .poster img'));
			await drop('trailer', 't.mov', 'video/quicktime');
			saw.refused.push(await complaint('trailer', 'video.'));
			let release;
			const held = new Promise((done) => { release = done; });
			await page.route('**', (route) => (route.request().method() === 'PUT' ? held.then(() => route.continue()) : route.fallback()));
			await drop('trailer', 't.mp4', 'video/mp4');
			await until('the upload', () => document.querySelector('.piece:has(#art-trailer) .hint').textContent === 'Uploading');
			await drop('trailer', 'u.mp4', 'video/mp4');
			saw.refused.push(await complaint('trailer', 'ended.'));
			release();
			await said('Trailer has been stored.');
			saw.dialog = await page.evaluate(() => document.querySelector('#add').open);
			console.error('stored');
			await page.click('.candidates summary');
			await page.click('[aria-label="Use frame 1 as the poster"]');
			await said('Frame 1 is the poster now.');
			console.error('chosen');
			await page.click('.piece:has(#art-trailer) button:text-is("Remove")');
			await said('Trailer has been removed.');
		},

		/* Uploads images whose shape is not that of the apps: a part by keyboard, a part with the mouse, the whole, none; and one that has the shape. */
		async crop() {
			const said = (text) => until('the announcement: ' + text, (t) => document.querySelector('#say').textContent === t, text);
			const pick = async (kind, width, height, type = 'image/png') => page.setInputFiles('#art-' + kind, { name: 'i', mimeType: type, buffer: await image(width, height, type) });
			const asked = async () => {
				await until('the dialog', () => document.querySelector('dialog[open] .crop-view'));
				return page.$eval('dialog[open]', (d) => [d.querySelector('h2').textContent, d.querySelector('select').selectedOptions[0].text, d.querySelector('output').textContent]);
			};
			const stored = async (label) => {
				await said(label + ' has been stored.');
				console.error('stored');
				await page.evaluate(() => { document.querySelector('#say').textContent = ''; });
			};
			await signIn();
			await inside();
			await go('#title/1');
			await opened('Dusk');
			let signed = 0;
			page.on('request', (request) => { signed += request.url().endsWith('/api/admin/assets/presign'); });
			await pick('thumbnail', 400, 400);
			saw.wide = await asked();
			saw.faults = await faults();
			for (const [name, key] of [['^Scale', 'End'], ['^From left', 'Home'], ['^From top', 'Home']]) {
				await reach(name);
				await press(key);
			}
			saw.scaled = await asked();
			await reach('^Upload$');
			await press('Enter');
			await stored('Thumbnail');
			await pick('poster', 300, 300, 'image/jpeg');
			saw.upright = await asked();
			const { x, y, width, height } = await page.locator('dialog[open] .crop-view').boundingBox();
			await page.mouse.move(x + width - 10, y + height / 2);
			await page.mouse.down();
			await page.mouse.move(x + 10, y + height / 2 + 9, { steps: 5 });
			await page.mouse.up();
			await page.mouse.move(x + width - 10, y + height / 2);		// it follows no pointer now
			await page.click('dialog[open] .primary');
			await stored('Poster');
			await pick('thumbnail', 400, 400);
			await asked();
			await page.selectOption('dialog[open] select', { label: 'The whole image' });
			saw.whole = [await asked(), await page.$$eval('dialog[open] [type=range]', (all) => all.map((range) => range.disabled))];
			await page.click('dialog[open] .primary');
			await stored('Thumbnail');
			await pick('poster', 300, 300);
			await asked();
			await press('Escape');
			await until('the end of the dialog', () => !document.querySelector('.crop-view'));
			await pick('poster', 160, 90);
			await stored('Poster');
			saw.signed = signed;
			saw.sent = [(await image(400, 400, 'image/png')).toString('base64'), (await image(160, 90, 'image/png')).toString('base64')];
		},

		/* Looks with axe-core at each page and dialog, on a phone and on a large screen. */
		async clear() {
			await signIn();
			await inside();
			await until('the titles', () => document.querySelectorAll('.title').length === 2);
			await page.click('.title .more summary');
			await page.check('[aria-label="Select: Dusk"]');
			saw.selection = await faults();
			await page.click('#new-title');
			await press('Enter');
			await until('the refusal', () => document.querySelector('dialog[open] [role=alert]:not([hidden])'));
			saw.create = await faults();
			await press('Escape');
			await page.click('.selection button:text-is("Delete")');
			saw.question = await faults();
			await press('Escape');
			await page.click('[aria-label="Subtitles: Dusk"]');
			await until('the tracks', () => document.querySelector('#text-list li'));
			await page.click('#text-form .primary');
			await until('the refusal', () => !document.querySelector('#text-error').hidden);
			saw.texts = await faults();
			await press('Escape');
			await page.click('[aria-label="Play: Dusk"]');
			await until('the error', () => !document.querySelector('#player-error').hidden);
			saw.player = await faults();
			await press('Escape');
			for (const id of [1, 2]) {
				await page.goto(given.base + '/console/#title/' + id);
				await until('the parts', () => [...document.querySelectorAll('.part')].some((p) => p.querySelector('h3').textContent === 'Changes' && p.querySelector('.event')));
				await page.fill('#field-ppvPriceNaira', '1.5');
				await page.click('.details .primary');
				await until('the refusal', () => !document.querySelector('#field-ppvPriceNaira-note').hidden);
				saw['title ' + id] = await faults();
				await page.click('.details button:text-is("Undo the changes")');
			}
			await page.click('.part button:text-is("Add an episode")');
			saw.episode = await faults();
			await press('Escape');
			await page.click('[aria-label="Edit season: season 1"]');
			saw.season = await faults();
			await press('Escape');
			await page.setInputFiles('#episode-folder', given.folder);
			await until('the plan', () => document.querySelector('dialog[open] .plan'));
			saw.plan = await faults();
			await press('Escape');
			await go('#people');
			await until('the people', () => document.querySelector('.person select'));
			saw.people = await faults();
			await go('#person/51');
			await until('the purchases', () => document.querySelectorAll('.part .event').length > 1);
			saw.person = await faults();
		},
	};
};
