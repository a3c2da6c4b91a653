/* The selection in the list of titles, and the changes that all selected titles undergo together. */
import { $, arrange, el, hub, offer, set } from './dom.js';
import { may, server } from './server.js';
import { changeAll, confirmDelete, kindsOf, labelOf, ORDER_OF_KINDS } from './state.js';

const selected = new Set();
const count = el('span', {}), actions = el('div', { className: 'selection-actions' });
const bar = el('div', { className: 'selection', hidden: true }, count, actions);
bar.setAttribute('role', 'group');
bar.setAttribute('aria-label', 'Selected titles');
$('titles').before(bar);

/* Returns the check box of a title in the list, with update(title). */
export function makeBox(id) {
	const box = el('input', { type: 'checkbox', className: 'select' });
	box.addEventListener('change', () => {
		if (box.checked)
			selected.add(id);
		else
			selected.delete(id);
		draw();
	});
	box.update = (title) => {
		set(box, { checked: selected.has(id), hidden: !may('manage') });
		box.setAttribute('aria-label', 'Select: ' + title.name);
	};
	return box;
}

function clear() {
	selected.clear();
	document.querySelectorAll('#titles .select').forEach((box) => { box.checked = false; });
	draw();
	($('titles').querySelector('.select') || $('find')).focus();
}

function all() {
	server.titles.forEach((title) => selected.add(title.id));
	document.querySelectorAll('#titles .select').forEach((box) => { box.checked = true; });
	draw();
}

async function run(kind, titles) {
	if (kind === 'delete' && !await confirmDelete(titles))
		return;
	await changeAll(kind, titles);
	if (!bar.contains(document.activeElement))
		($('titles').querySelector('.select') || $('find')).focus();
}

/* What is not loaded any more, because it was deleted or does not match, is not selected any more. */
function draw() {
	const titles = server.titles.filter((title) => selected.has(title.id));
	selected.clear();
	titles.forEach((title) => selected.add(title.id));
	bar.hidden = !titles.length || !may('manage');
	set(count, { textContent: titles.length + ' selected' });
	const buttons = ORDER_OF_KINDS.map((kind) => [kind, titles.filter((t) => kindsOf(t, server.overview.ready[t.id] || []).includes(kind))])
		.filter(([, some]) => some.length)
		.map(([kind, some]) => [labelOf(kind) + (some.length < titles.length ? ' ' + some.length : ''), () => run(kind, some)]);
	if (titles.length < server.titles.length)
		buttons.push(['Select all ' + server.titles.length, all]);
	offer(actions, [...buttons, ['Clear', clear]], 'selected titles');
}

hub.addEventListener('draw', draw);
hub.addEventListener('gone', () => selected.clear());
