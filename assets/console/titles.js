/* The list of titles. */
import { openAudio } from './audio.js';
import { $, arrange, el, focusRow, hub, offer, RENDITIONS, set } from './dom.js';
import { pickFiles } from './pick.js';
import { play } from './player.js';
import { makeBox } from './select.js';
import { findTitles, may, moreTitles, server } from './server.js';
import { change, kindsOf, labelOf, removeAsked } from './state.js';
import { openTexts } from './text.js';

const FIND_MS = 150;		/* from the last key to the request */
const SORTED_MAX = 500;		/* titles of a sorted list, as in sql/functions/titles/titles_sorted.sql */
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
let finding = null;
let typing = false;		/* the last entry of the browser's history is the search that is being typed */

function makeTitle(item) {
	const { title } = item;
	const name = el('h3', { className: 'title-name' }, el('a', { href: '#title/' + title.id }, el('bdi', {}))), tags = el('p', { className: 'tags' }), actions = el('div', { className: 'title-actions' });
	const poster = makePoster(title.id), more = makeMore(), box = makeBox(title.id);
	const node = el('li', { className: 'card title' }, poster, box, el('div', { className: 'title-text' }, name, tags), actions, more);
	let drawn = '';
	node.update = (now) => {
		poster.update(now.title);
		const state = [now.title.updatedAt, now.title.name, now.title.archived, now.title.pendingReview, now.title.episodeCount, may('manage'), server.overview.ready[title.id]].join();
		if (drawn === state)		/* thousands of rows are updated with each poll */
			return;
		drawn = state;
		drawTitle(now.title, name, tags, actions);
		more.update(now.title);
		box.update(now.title);
	};
	return node;
}

/* Returns the first letter of a name as readers see it: an emoji, or a letter with its accents, may have several code points. */
function initialOf(name) {
	const [first] = graphemes.segment(name.trim());
	return first ? first.segment.toUpperCase() : '';
}

/* The image of a title; its initial until that has been loaded, and if there is none. */
function makePoster(id) {
	const node = el('div', { className: 'poster tint' + Number(id) % 5 });
	let drawn = null;
	node.update = (title) => {
		const art = title.thumbnailUrl || title.posterUrl, initial = initialOf(title.name);
		const shown = art && /^https?:/.test(art) ? art.split('?')[0] : initial;		/* the query is a signature, which each answer has anew */
		if (shown === drawn)
			return;
		drawn = shown;
		node.replaceChildren(initial);
		if (shown === initial)
			return;
		const image = el('img', { src: art, alt: '' });
		image.onload = () => drawn === shown && node.replaceChildren(image);
	};
	return node;
}

/* The changes of state that are not offered as a button of their own. */
function makeMore() {
	const summary = el('summary', {}, 'More'), holder = el('div', { className: 'title-actions' }), node = el('details', { className: 'more' }, summary, holder);
	node.update = (title) => {
		const kinds = may('manage') ? stateActions(title, server.overview.ready[title.id] || [], removeRow) : [];
		node.hidden = !kinds.length;
		summary.setAttribute('aria-label', 'More: ' + title.name);
		offer(holder, kinds, title.name);
	};
	return node;
}

/* Deletes a title of the list; the focus goes to the next one. */
async function removeRow(title) {
	const row = document.activeElement.closest('#titles > li'), next = row && (row.nextElementSibling || row.previousElementSibling);
	if (!await removeAsked(title.id, title.name))
		return;
	if (next)
		focusRow(next, next.querySelector('.title-actions'));
	else
		$('find').focus();
}

/* Returns the buttons for the changes of state except publishing. remove(title) deletes it. */
export function stateActions(title, ready, remove) {
	return kindsOf(title, ready).filter((kind) => kind !== 'publish')
		.map((kind) => [labelOf(kind), () => (kind === 'delete' ? remove(title) : change(kind, title.id, title.name))]);
}

/* Returns the mark of a title as [text, class]. */
export function markOf(title, ready) {
	const film = title.type === 'SERIES' ? title.episodeCount > 0 : ready.length > 0;
	if (title.pendingReview)
		return title.archived ? ['Draft', 'draft'] : ['Pending review', 'wait'];
	if (title.archived)
		return ['Archived', 'gone'];
	return film ? ['Published', 'good'] : ['Published without ' + (title.type === 'SERIES' ? 'episodes' : 'a film'), 'bad'];
}

/* Returns the marks of a title as [text, class]: its state, and its film or the number of its episodes. */
export function labelsOf(title, ready) {
	if (title.type === 'SERIES')
		return [markOf(title, ready), [title.episodeCount + (title.episodeCount === 1 ? ' episode' : ' episodes'), '']];
	return [markOf(title, ready), ...(ready.length ? ready.map((r) => [RENDITIONS[r], '']) : [['No film yet', '']])];
}

export function makeLabel(item) {
	const tag = el('span', { className: 'tag ' + item.kind }, item.text);
	tag.update = () => {};
	return tag;
}

export const keyed = (labels) => labels.map(([text, kind]) => ({ key: text, text, kind }));

/* Returns the buttons for the film of a title, and Publish. */
export function filmActions(title, ready) {
	const buttons = [];
	if (ready.length)
		buttons.push(['Play', () => play(title.id, title.name)]);
	if (may('manage') && kindsOf(title, ready).includes('publish'))
		buttons.push(['Publish', () => publish(title.id, title.name), true]);
	if (may('manage') && title.type === 'MOVIE')
		buttons.push([ready.length ? 'Replace film' : 'Add film', () => pickFiles(title)]);
	if (may('manage') && title.type === 'MOVIE' && ready.length)
		buttons.push(['Subtitles', () => openTexts(title)], ['Audio tracks', () => openAudio({ titleId: title.id, name: title.name })]);
	return buttons;
}

function drawTitle(title, name, tags, actions) {
	const ready = server.overview.ready[title.id] || [];
	set(name, { title: title.name });
	set(name.querySelector('bdi'), { textContent: title.name });
	arrange(tags, keyed(labelsOf(title, ready)), makeLabel);
	offer(actions, filmActions(title, ready), title.name);
}

function drawTitles() {
	const { titles, query } = server, whole = titles.length < server.limit;
	arrange($('titles'), titles.map((title) => ({ key: title.id, title })), makeTitle);
	$('count').textContent = whole ? titles.length || '' : ($('filters').elements.sort.value ? 'first ' : 'newest ') + titles.length;
	$('more-titles').hidden = whole || (Boolean($('filters').elements.sort.value) && titles.length >= SORTED_MAX);
	$('titles-section').hidden = server.refused;
	$('no-titles').hidden = titles.length > 0 || !server.loaded;
	$('no-titles').textContent = query ? 'No title matches.' : 'There are no titles yet.' + (may('manage') ? ' Drop a film above to create the first one.' : '');
}

/* Returns what the controls select, as query parameters of the list. */
function queryOf() {
	const { state, type, sort } = $('filters').elements;
	const wanted = [['q', $('find').value.trim()], ['state', state.value], ['type', type.value], ['sort', sort.value]].filter(([, value]) => value);
	return wanted.map(([name, value]) => '&' + name + '=' + encodeURIComponent(value)).join('');
}

/* Selects the titles that the address names. A value that a control does not have selects all. */
function readAddress() {
	const wanted = new URLSearchParams(location.search);
	clearTimeout(finding);
	typing = false;
	$('find').value = wanted.get('q') || '';
	for (const select of $('filters').elements) {
		select.value = wanted.get(select.name) || '';
		if (select.selectedIndex < 0)
			select.selectedIndex = 0;
	}
	findTitles(queryOf());
}

/* Selects titles, and keeps that in the address. Each choice is an entry of the browser's history; a search is one, whatever number of keys it takes. */
function find(byKey) {
	const query = queryOf(), address = location.pathname + (query && '?' + query.slice(1)) + location.hash;
	clearTimeout(finding);
	if (query !== server.query && byKey && typing)
		history.replaceState(null, '', address);
	else if (query !== server.query)
		history.pushState(null, '', address);
	typing = byKey;
	findTitles(query);
}

$('more-titles').addEventListener('click', moreTitles);
$('find').addEventListener('input', () => {
	clearTimeout(finding);
	finding = setTimeout(find, FIND_MS, true);		/* the list is of the server: a key only starts the wait for the next one */
});
$('find').addEventListener('change', () => {
	find(true);
	typing = false;
});
$('filters').addEventListener('change', () => find(false));
$('filters').addEventListener('submit', (event) => event.preventDefault());
window.addEventListener('popstate', readAddress);
readAddress();

export const publish = (id, name) => change('publish', id, name);

hub.addEventListener('draw', drawTitles);
hub.addEventListener('draw', () => document.querySelectorAll('.jump a').forEach((a) => { a.hidden = document.querySelector(a.hash).hidden; }));
hub.addEventListener('gone', () => {
	clearTimeout(finding);
	$('find').value = '';
	$('filters').reset();
	typing = false;
	if (location.search)
		history.replaceState(null, '', location.pathname + location.hash);
});
