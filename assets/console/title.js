/* The page of a title: its head, and parts that other modules add. */
import { el, notice, set, say, tell } from './dom.js';
import { addPage } from './pages.js';
import { server } from './server.js';
import { api } from './session.js';

const parts = [];
let open = null;		/* { id, title, sheet, head, trouble, nodes, seen } */

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

function drawHead(page) {
	const { title, sheet } = page;
	set(sheet.querySelector('.sheet-name'), { textContent: title.name, title: title.name });
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

/* Loads the title again. What was asked before the page was left is dropped. */
async function load(page) {
	page.seen = server.catalogue;
	try {
		const { title } = await api('GET', '/api/admin/titles/' + page.id);
		if (open !== page)
			return;
		page.title = title;
		page.trouble.hidden = true;
		drawPage(page);
	} catch (error) {
		if (open !== page)
			return;
		page.gone = error.status === 404 || error.status === 400;
		set(page.trouble, { hidden: false, textContent: page.gone ? 'There is no such title. It may have been deleted.' : error.message });
		if (page.gone)
			page.nodes.forEach((node) => node.remove());
		else
			page.seen = null;
	}
}

addPage('title', {
	open(id, sheet) {
		const trouble = el('p', { className: 'notice bad', role: 'alert', hidden: true });
		const page = open = { id, title: null, sheet, trouble, nodes: new Map(), seen: null, gone: false };
		page.reload = () => load(page);
		sheet.append(el('p', {}, el('a', { href: '#titles-section', className: 'back' }, 'All titles')),
			el('h2', { className: 'sheet-title' }, el('bdi', { className: 'sheet-name' }, 'Title')), trouble);
		load(page);
	},
	draw() {
		if (open && open.title && !open.gone && open.seen === server.catalogue)
			drawParts(open);
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
