/* The page of a title: its head, and parts that other modules add. */
import { arrange, el, offer, ORDER, set } from './dom.js';
import { addPage, back } from './pages.js';
import { may, server } from './server.js';
import { api } from './session.js';
import { removeAsked } from './state.js';
import { filmActions, keyed, labelsOf, makeLabel, stateActions } from './titles.js';

const parts = [];
let open = null;		/* { id, title, sheet, head, trouble, nodes, seen, loads } */

/*
 * Adds a part to the page. make(page) returns an element with update(page), or null if the part is not for this title and user; page has id, title as
 * GET /api/admin/titles/:id returns it, and reload(). unsaved() tells if leaving would lose something.
 */
export function addPart(order, make, unsaved) {
	parts.push({ order, make, unsaved });
	parts.sort((a, b) => a.order - b.order);
}

/* Returns a section of the page with a heading. */
export function section(heading, ...children) {
	const id = 'part-' + heading.toLowerCase().replace(/[^a-z]+/g, '-'), node = el('section', { className: 'card part' }, el('h3', { id }, heading), ...children);
	node.setAttribute('aria-labelledby', id);
	return node;
}

/* Returns the renditions of a title that can be played, the largest first. */
const readyOf = (title) => ORDER.filter((r) => title.assetVersions.some((v) => v.rendition === r && v.status === 'READY'));

/* Deletes the title; the page of what is gone gives way to the list. */
async function remove(page) {
	if (await removeAsked(page.id, page.title.name) && open === page) {
		page.gone = true;
		location.hash = '#titles-section';
	}
}

function drawHead(page) {
	const { title, head } = page;
	const ready = readyOf(title);
	set(head.name, { textContent: title.name, title: title.name });
	arrange(head.tags, keyed(labelsOf(title, ready)), makeLabel);
	offer(head.actions, [...filmActions(title, ready), ...(may('manage') ? stateActions(title, ready, () => remove(page)) : [])], title.name);
}

/* Creates the parts that are for this title and user, and updates all. A part that is no longer for them goes. */
function drawParts(page) {
	parts.forEach((part) => {
		const node = page.nodes.get(part) || part.make(page);
		if (!node)
			return;
		if (!page.nodes.has(part)) {
			page.nodes.set(part, node);
			const after = parts.slice(parts.indexOf(part) + 1).map((p) => page.nodes.get(p)).find((n) => n);
			page.sheet.insertBefore(node, after || null);
		}
		node.update(page);
	});
}

function drawPage(page) {
	drawHead(page);
	drawParts(page);
}

/* Loads the title again. An answer is dropped if the page has been left or has asked again since: it may be older than what is shown. */
async function load(page) {
	const turn = ++page.loads, dropped = () => open !== page || page.loads !== turn;
	page.seen = server.catalogue;
	try {
		const { title } = await api('GET', '/api/admin/titles/' + page.id);
		if (dropped())
			return;
		page.title = title;
		page.trouble.hidden = true;
		drawPage(page);
	} catch (error) {
		if (dropped())
			return;
		page.gone = error.status === 404 || error.status === 400;
		set(page.trouble, { hidden: false, textContent: page.gone ? 'There is no such title. It may have been deleted.' : error.message });
		if (page.gone)
			[page.head.tags, page.head.actions, ...page.nodes.values()].forEach((node) => node.remove());
		else
			page.seen = null;
	}
}

addPage('title', {
	open(id, sheet) {
		const trouble = el('p', { className: 'notice bad', role: 'alert', hidden: true });
		const head = { name: el('bdi', { className: 'sheet-name' }, 'Title'), tags: el('p', { className: 'tags' }), actions: el('div', { className: 'title-actions sheet-actions' }) };
		const page = open = { id, title: null, sheet, head, trouble, nodes: new Map(), seen: null, loads: 0, gone: false };
		page.reload = () => load(page);
		sheet.append(back('#titles-section', 'All titles'),
			el('h2', { className: 'sheet-title' }, head.name), head.tags, head.actions, trouble);
		load(page);
	},
	draw() {
		if (open && open.title && !open.gone && open.seen === server.catalogue)
			drawPage(open);
		else if (open && !open.gone && open.seen !== server.catalogue)
			load(open);
	},
	mayLeave(silent) {
		const kept = open && !open.gone && parts.some((part) => part.unsaved && open.nodes.has(part) && part.unsaved());
		return !kept || (!silent && confirm('The changes of this title have not been saved. Leave them?'));
	},
	close() {
		open = null;
	},
});
