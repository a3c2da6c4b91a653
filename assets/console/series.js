/* The seasons and episodes of a series: a tree, the film of each episode, and files that find their episode by their names. */
import { openAudio } from './audio.js';
import { ask as askIn } from './ask.js';
import { arrange, el, hub, offer, ORDER, RENDITIONS, say, set, tellOf } from './dom.js';
import { lookUp, startAdded, uploadsOf } from './known.js';
import { complain, liveNote } from './pick.js';
import { play } from './player.js';
import { may } from './server.js';
import { api } from './session.js';
import { openTexts } from './text.js';
import { addPart, section } from './title.js';
import { trackList } from './tracks.js';
import { Upload, uploads } from './upload.js';

const FILMS = ['mkv', 'mov', 'avi', 'mxf', 'mts', 'm2ts', 'ts', 'webm', 'mp4', 'm4v', 'mpg', 'mpeg', 'wmv', 'flv', '3gp', 'vob', 'ogv'];	/* browsers do not know the type of all */
let page = null;		/* the page that is shown */

/* "Show.S01E02.Pilot.mkv" and "1x02 Pilot.mkv" as { season, episode, name }; null without a number. */
export function numberOf(fileName) {
	const plain = fileName.replace(/\.[^.]+$/, '');
	const found = /(?:^|[^a-z0-9])s(\d{1,3})[ ._-]*e(\d{1,4})(?!\d)/i.exec(plain) || /(?:^|[^0-9])(\d{1,2})x(\d{1,3})(?!\d)/i.exec(plain);
	if (!found)
		return null;
	const rest = plain.slice(found.index + found[0].length).replace(/[_.]+/g, ' ').replace(/^[\s-]+|\s+$/g, '');
	return { season: Number(found[1]), episode: Number(found[2]), name: rest || 'Episode ' + Number(found[2]) };
}

const isFilm = (file) => file.type.startsWith('video/') || FILMS.includes(file.name.split('.').pop().toLowerCase());
const code = (season, episode) => 'S' + String(season).padStart(2, '0') + 'E' + String(episode).padStart(2, '0');
const byNumber = (a, b) => a.episodeNumber - b.episodeNumber || Number(a.id) - Number(b.id);

/* Runs a change; a failure is told. Then the title is loaded again. */
async function attempt(subject, what, step) {
	try {
		const done = await step();
		tellOf(subject, '');
		if (done)
			say(done);
	} catch (error) {
		tellOf(subject, what + ': ' + error.message);
	}
	if (page)
		await page.reload();
}

/* Adds the upload of an item of a plan for its episode: goes on with the one that is known. */
function uploadFor({ file, print, known }, episode) {
	if (known && known.resume)
		known.resume();
	else
		uploads.push(Object.assign(new Upload(file, episode.name, null, null), { print: print || null, episodeId: episode.id }));
}

/* Asks for the film of an episode. */
function pickFor(episode) {
	const input = el('input', { type: 'file', accept: ['video/*', ...FILMS.map((ending) => '.' + ending)].join() }), target = page;
	input.addEventListener('change', () => {
		const file = input.files[0];
		if (file && !file.size)
			complain([file]);
		else if (file)
			propose([{ file, number: { season: episode.seasonNumber, episode: episode.episodeNumber }, episode, why: '', single: true }], target);
	});
	input.click();
}

const setNumber = (episode, episodeNumber) => api('PATCH', '/api/admin/episodes/' + episode.id, { episodeNumber });

/* Exchanges the numbers of two episodes: both or neither. If they have the same, the first gets the next one. Returns the new number of the first argument. */
async function exchange(episode, other) {
	const number = other.episodeNumber, first = byNumber(episode, other) < 0 ? episode : other;
	if (episode.episodeNumber === number) {
		await setNumber(first, number + 1);
		return first === episode ? number + 1 : number;
	}
	await setNumber(episode, number);
	try {
		await setNumber(other, episode.episodeNumber);
	} catch (error) {
		await setNumber(episode, episode.episodeNumber).catch(() => {});		/* the first error is told */
		throw error;
	}
	return number;
}

const move = (episode, other) => attempt('order ' + episode.id, 'The order could not be changed',
	async () => episode.name + ' is now episode ' + await exchange(episode, other) + '.');

/* Shows a dialog with a form, as askIn() does. After it has been sent, the title is loaded again. */
const ask = (heading, fields, button, send) => askIn(heading, fields, button, send, () => page?.reload());

/* Changes what differs from the item with which the dialog was opened: others may have changed the rest meanwhile. */
async function patch(path, item, values) {
	const changed = Object.entries(values).filter(([name, value]) => value !== String(item[name] ?? '').trim());
	if (changed.length)
		await api('PATCH', path + item.id, Object.fromEntries(changed));
}

const NUMBER = { inputMode: 'numeric', maxLength: 6 };

function edit(episode) {
	ask('Episode ' + code(episode.seasonNumber, episode.episodeNumber), [['name', 'Name', episode.name], ['seasonNumber', 'Season', episode.seasonNumber, NUMBER],
		['episodeNumber', 'Episode', episode.episodeNumber, NUMBER], ['synopsis', 'Synopsis', episode.synopsis, { rows: 4 }]], 'Save', async (values) => {
		if (!values.name)
			throw new Error('Enter a name.');
		await patch('/api/admin/episodes/', episode, values);
		say(values.name + ' has been saved.');
	});
}

function addEpisode(title) {
	const last = title.episodes.at(-1), { id } = page;
	ask('Add an episode', [['name', 'Name', ''], ['seasonNumber', 'Season', last ? last.seasonNumber : 1, NUMBER],
		['episodeNumber', 'Episode', last ? last.episodeNumber + 1 : 1, NUMBER]], 'Add', async (values) => {
		await api('POST', '/api/admin/titles/' + id + '/episodes', values);
		say(values.name + ' has been added.');
	});
}

function editSeason(season) {
	ask('Season ' + season.seasonNumber, [['name', 'Name', season.name], ['seasonNumber', 'Number', season.seasonNumber, NUMBER]], 'Save',
		(values) => patch('/api/admin/seasons/', season, values));
}

function remove(kind, item, name) {
	if (confirm('Delete ' + name + (kind === 'seasons' ? ' with all its episodes and their films?' : ' with its film?')))
		attempt('delete ' + kind + item.id, name + ' could not be deleted', async () => {
			await api('DELETE', '/api/admin/' + kind + '/' + item.id);
			return name + ' has been deleted.';
		});
}

function actionsOf(episode, before, after) {
	const ready = episode.assetVersions.length, name = code(episode.seasonNumber, episode.episodeNumber) + ' ' + episode.name;
	const actions = ready ? [['Play', () => play(episode.titleId, name, episode.id)]] : [];
	if (!may('manage'))
		return actions;
	actions.push(['Edit', () => edit(episode)], [ready ? 'Replace film' : 'Add film', () => pickFor(episode)]);
	if (ready)
		actions.push(['Subtitles', () => openTexts({ id: episode.id, name }, 'episodes')],
			['Audio tracks', () => openAudio({ titleId: episode.titleId, episodeId: episode.id, name })]);
	if (episode.pendingReview && ready)
		actions.push(['Publish', () => attempt('publish episode ' + episode.id, episode.name + ' could not be published', async () => {
			await api('PATCH', '/api/admin/episodes/' + episode.id, { pendingReview: false });
			return episode.name + ' is published.';
		}), true]);
	if (before)
		actions.push(['Earlier', () => move(episode, before)]);
	if (after)
		actions.push(['Later', () => move(episode, after)]);
	return [...actions, ['Delete', () => remove('episodes', episode, episode.name)]];
}

function makeEpisode() {
	const number = el('span', { className: 'hint' }), name = el('bdi', {}), film = el('span', { className: 'hint' }), tracks = trackList(), actions = el('div', { className: 'job-actions wrap' });
	const node = el('li', { className: 'event' }, el('p', { className: 'episode-name' }, number, ' ', name, ' ', film), tracks, actions);
	node.update = ({ episode, before, after }) => {
		const ready = ORDER.filter((r) => episode.assetVersions.some((v) => v.rendition === r)).map((r) => RENDITIONS[r]);
		set(number, { textContent: code(episode.seasonNumber, episode.episodeNumber) });
		set(name, { textContent: episode.name });
		set(film, { textContent: (ready.length ? ready.join(', ') : 'No film yet') + (episode.pendingReview ? ' · not published' : '') });
		tracks.update(episode.audio);
		offer(actions, actionsOf(episode, before, after), episode.name);
	};
	return node;
}

function makeSeason() {
	const name = el('summary', {}), actions = el('div', { className: 'job-actions wrap' }), list = el('ol', { className: 'events episodes' }), node = el('li', {}, el('details', { open: true }, name, actions, list));
	node.update = ({ number, season, episodes }) => {
		set(name, { textContent: 'Season ' + number + (season && season.name ? ': ' + season.name : '') + ' · ' + episodes.length + (episodes.length === 1 ? ' episode' : ' episodes') });
		arrange(list, episodes.map((episode, i) => ({ key: episode.id, episode, before: episodes[i - 1], after: episodes[i + 1] })), makeEpisode);
		offer(actions, season && may('manage') ? [['Edit season', () => editSeason(season)], ['Delete season', () => remove('seasons', season, 'Season ' + number)]] : [], 'season ' + number);
	};
	return node;
}

function seasonsOf(title) {
	const numbers = new Set([...title.seasons, ...title.episodes].map((item) => item.seasonNumber));
	return [...numbers].sort((a, b) => a - b).map((number) => ({ key: String(number), number, season: title.seasons.find((s) => s.seasonNumber === number),
		episodes: title.episodes.filter((e) => e.seasonNumber === number).sort(byNumber) }));
}

/* Returns the files of a drop, also those in folders. */
async function filesOf(transfer) {
	const found = [], entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
	const walk = async (entry) => {
		if (entry.isFile) {
			found.push(await new Promise((done, fail) => entry.file(done, fail)));
			return;
		}
		const reader = entry.createReader();
		for (;;) {
			const some = await new Promise((done, fail) => reader.readEntries(done, fail));
			if (!some.length)
				return;
			for (const child of some)
				await walk(child);
		}
	};
	for (const entry of entries)
		await walk(entry);
	return found;
}

/* Returns where each file goes: { file, number, episode, why }. A file with a reason is not uploaded. */
function plan(files, title) {
	const taken = new Set();
	return files.filter((file) => !file.name.startsWith('.')).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })).map((file) => {
		const number = numberOf(file.name), key = number && code(number.season, number.episode);
		const why = !isFilm(file) ? 'is no film' : !file.size ? 'is empty' : !number ? 'has no number such as S01E02' : taken.has(key) ? 'is a second file for ' + key : '';
		if (!why)
			taken.add(key);
		return { file, number, why, episode: number && title.episodes.find((e) => e.seasonNumber === number.season && e.episodeNumber === number.episode) };
	});
}

/* Looks up the files of a plan that are for an episode. */
async function lookUpItems(items, titleId) {
	const jobs = await uploadsOf(titleId);
	for (const item of items.filter(({ episode, why }) => episode && !why)) {
		Object.assign(item, await lookUp(item.file, { episodeId: item.episode.id }, jobs));
		item.why = (item.known && item.known.busy) || '';
	}
}

function wordsOf({ number, episode, why, file, known }) {
	if (why)
		return file.name + ' ' + why + '.';
	const does = !episode ? 'a new episode' : known && known.resume ? 'goes on' : episode.assetVersions.length ? 'replaces its film' : 'gets its film';
	return code(number.season, number.episode) + ' ' + (episode ? episode.name : number.name) + ' · ' + does + ' · ';
}

/* Returns what is to be known before a film of an item is uploaded, as lines. */
function notesOf({ episode, why, known }, title) {
	const live = episode && !why && !episode.pendingReview && !title.archived && !title.pendingReview;
	return [!why && known && known.note, live && liveNote(episode.name, episode.assetVersions.length)].filter(Boolean);
}

/* Creates the episodes that are missing and starts the uploads; after an error, those before it. */
async function start(items, id) {
	const added = [];
	try {
		for (const item of items) {
			const { number, episode } = item, there = episode || (await api('POST', '/api/admin/titles/' + id + '/episodes', {
				seasonNumber: number.season || '0', episodeNumber: number.episode || '0', name: number.name })).episode;
			uploadFor(item, there);
			added.push(item);
		}
	} finally {
		startAdded(added.length && added.length + (added.length === 1 ? ' film' : ' films'), added.every(({ known }) => known && known.resume));
	}
}

/* Looks up the items of a plan. Shows it, unless it is one film about which nothing is to be asked. Does nothing if the page of the title has been left. */
async function propose(items, target) {
	const { title, id } = target;
	await lookUpItems(items, id);
	if (page !== target || !items.length)
		return;
	const send = (wanted) => attempt('episodes ' + id, 'Not all episodes could be created', () => start(wanted, id));
	if (items.length === 1 && items[0].single && !items[0].why && !notesOf(items[0], title).length)
		send(items);
	else
		show(items, title, send);
}

function makeItem(item, title) {
	const box = el('input', { type: 'checkbox', checked: !item.why && (!item.known || Boolean(item.known.resume)), disabled: Boolean(item.why) });
	const words = el('span', {}, wordsOf(item), item.why ? '' : el('bdi', {}, item.file.name));
	return { item, box, node: el('li', {}, el('label', { className: 'flag' }, box, words), ...notesOf(item, title).map((text) => el('p', { className: 'add-live' }, text))) };
}

/* Shows where the files go, and sends those that are wanted. */
function show(items, title, send) {
	const rows = items.map((item) => makeItem(item, title));
	const cancel = el('button', { type: 'button', className: 'quiet' }, 'Cancel'), go = el('button', { type: 'submit', className: 'primary' }, 'Upload');
	const form = el('form', { method: 'dialog' }, el('h2', { id: 'plan-h' }, 'Films of episodes of ', el('bdi', {}, title.name)), el('ul', { className: 'plan' }, ...rows.map((row) => row.node)),
		el('p', { className: 'actions' }, cancel, go));
	const dialog = el('dialog', {}, form);
	dialog.setAttribute('aria-labelledby', 'plan-h');
	go.disabled = items.every((item) => item.why);
	cancel.addEventListener('click', () => dialog.close());
	dialog.addEventListener('close', () => dialog.remove());
	form.addEventListener('submit', () => send(rows.filter((row) => row.box.checked).map((row) => row.item)));
	document.body.append(dialog);
	dialog.showModal();
	(go.disabled ? cancel : go).focus();
}

function makeDrop() {
	const input = el('input', { type: 'file', webkitdirectory: true, multiple: true, hidden: true, id: 'episode-folder' });
	const zone = el('button', { type: 'button', className: 'drop' }, el('span', { className: 'drop-main' }, 'Drop a folder of films, or choose one'),
		el('span', { className: 'drop-sub' }, 'Names such as S01E02 or 1x02 tell which episode a film is of.'));
	zone.addEventListener('click', () => input.click());
	zone.addEventListener('drop', async (event) => {
		event.preventDefault();
		event.stopPropagation();		/* it is not for a new title */
		zone.classList.remove('over');
		document.getElementById('drop').classList.remove('over');
		const target = page, files = await filesOf(event.dataTransfer);
		if (page === target && zone.isConnected)		/* else another page has been opened */
			propose(plan(files, target.title), target);
	});
	input.addEventListener('change', () => {
		const files = [...input.files];
		input.value = '';
		propose(plan(files, page.title), page);
	});
	return el('div', {}, zone, input);
}

addPart(30, (shown) => {
	if (shown.title.type !== 'SERIES')
		return null;
	const tree = el('ul', { className: 'seasons' }), drop = makeDrop(), add = el('button', { type: 'button' }, 'Add an episode'), node = section('Seasons and episodes', tree, el('p', { className: 'job-actions' }, add), drop);
	add.addEventListener('click', () => addEpisode(page.title));
	node.update = (now) => {
		page = now;
		arrange(tree, seasonsOf(now.title), makeSeason);
		add.hidden = drop.hidden = !may('manage');
	};
	return node;
});
hub.addEventListener('gone', () => { page = null; });
