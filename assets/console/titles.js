/* The list of titles. */
import { $, arrange, el, hub, offer, RENDITIONS, say, set, tell, tellOf } from './dom.js';
import { pickFiles } from './pick.js';
import { play } from './player.js';
import { may, moreTitles, server, watchNow } from './server.js';
import { api } from './session.js';
import { openTexts } from './text.js';

const FIND_MS = 300;		/* from the last key to the request */
let finding = null;

function makeTitle(item) {
	const { title } = item;
	const poster = el('div', { className: 'poster tint' + Number(title.id) % 5 }, title.name.trim().charAt(0).toUpperCase());
	const name = el('h3', { className: 'title-name' }, el('a', { href: '#title/' + title.id }, el('bdi', {}))), tags = el('p', { className: 'tags' }), actions = el('div', { className: 'title-actions' });
	const art = title.thumbnailUrl || title.posterUrl;
	if (art && /^https?:/.test(art)) {
		const image = el('img', { src: art, alt: '' });
		image.onload = () => poster.replaceChildren(image);
	}
	const node = el('li', { className: 'card title' }, poster, el('div', { className: 'title-text' }, name, tags), actions);
	node.update = (now) => drawTitle(now.title, name, tags, actions);
	return node;
}

/* Returns the mark of a title as [text, class]. */
function markOf(title, ready) {
	const film = title.type === 'SERIES' ? title.episodeCount > 0 : ready.length > 0;
	if (title.pendingReview)
		return title.archived ? ['Draft', 'draft'] : ['Pending review', 'wait'];
	if (title.archived)
		return ['Archived', 'gone'];
	return film ? ['Published', 'good'] : ['Published without ' + (title.type === 'SERIES' ? 'episodes' : 'a film'), 'bad'];
}

function drawTitle(title, name, tags, actions) {
	const ready = server.overview.ready[title.id] || [], draft = title.archived || title.pendingReview;
	const labels = [markOf(title, ready)];
	if (title.type === 'SERIES')
		labels.push([title.episodeCount + (title.episodeCount === 1 ? ' episode' : ' episodes'), '']);
	else
		labels.push(...(ready.length ? ready.map((r) => [RENDITIONS[r], '']) : [['No film yet', '']]));
	const buttons = [];
	if (ready.length)
		buttons.push(['Play', () => play(title.id, title.name)]);
	if (may('manage') && draft && (ready.length || title.type === 'SERIES'))
		buttons.push(['Publish', () => publish(title.id, title.name), true]);
	if (may('manage') && title.type === 'MOVIE')
		buttons.push([ready.length ? 'Replace film' : 'Add film', () => pickFiles(title.id)]);
	if (may('manage') && title.type === 'MOVIE' && ready.length)
		buttons.push(['Subtitles', () => openTexts(title)]);
	set(name, { title: title.name });
	set(name.querySelector('bdi'), { textContent: title.name });
	arrange(tags, labels.map(([text, kind]) => ({ key: text, text, kind })), (item) => {
		const tag = el('span', { className: 'tag ' + item.kind }, item.text);
		tag.update = () => {};
		return tag;
	});
	offer(actions, buttons, title.name);
}

function drawTitles() {
	const wanted = $('find').value.trim().toLowerCase();
	const shown = server.titles.filter((t) => t.name.toLowerCase().includes(wanted));
	arrange($('titles'), shown.map((title) => ({ key: title.id, title })), makeTitle);
	const whole = server.titles.length < server.limit;
	$('count').textContent = whole ? server.titles.length || '' : 'newest ' + server.titles.length;
	$('more-titles').hidden = whole;
	$('titles-section').hidden = server.refused;
	$('no-titles').hidden = shown.length > 0 || !server.loaded;
	$('no-titles').textContent = server.titles.length || wanted ? 'No title matches.' : 'There are no titles yet.' +
		(may('manage') ? ' Drop a film above to create the first one.' : '');
}

$('more-titles').addEventListener('click', moreTitles);
$('find').addEventListener('input', () => {
	drawTitles();
	clearTimeout(finding);
	finding = setTimeout(watchNow, FIND_MS);
});

export async function publish(id, name) {
	try {
		const { title } = await api('POST', '/api/admin/titles/' + id + '/publish', {});
		tellOf('publish ' + id, '');
		Object.assign(server.titles.find((t) => t.id === id) || {}, { archived: title.archived, pendingReview: title.pendingReview });
		tell('draw');
		say(name + ' is published.');
	} catch (error) {
		tellOf('publish ' + id, name + ' could not be published: ' + error.message);
		return;
	}
	watchNow();
}

hub.addEventListener('draw', drawTitles);
hub.addEventListener('draw', () => document.querySelectorAll('.jump a').forEach((a) => { a.hidden = document.querySelector(a.hash).hidden; }));
hub.addEventListener('gone', () => { $('find').value = ''; });
