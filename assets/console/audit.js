/* What was changed, when and by whom: the audit rows of a title or of a person. */
import { el, set } from './dom.js';
import { loadedSection, moment } from './history.js';
import { may, server } from './server.js';
import { addPart } from './title.js';

/* TITLE_UPDATE as "Title update". */
const actionName = (action) => action.charAt(0) + action.slice(1).toLowerCase().replaceAll('_', ' ');

/* Returns the detail of a row as text: names of fields, or pairs of name and value. */
export function detailOf(detail) {
	if (!detail)
		return '';
	if (Array.isArray(detail.fields))
		return detail.fields.join(', ');
	return Object.entries(detail).map(([name, value]) => name + ': ' + (value !== null && typeof value === 'object' ? JSON.stringify(value) : value)).join(', ');
}

function makeEntry({ entry }) {
	const name = el('bdi', {}), who = entry.user ? el(may('people') ? 'a' : 'span', may('people') ? { href: '#person/' + entry.user.id } : {}, name) : name;
	const node = el('li', { className: 'event' }, el('p', {}, el('strong', {}, actionName(entry.action)), ' ', el('span', { className: 'hint' }, 'by '), who),
		el('p', { className: 'hint' }, moment(entry.createdAt) + ' · ' + entry.resource + (detailOf(entry.detail) ? ' · ' : ''), el('bdi', {}, detailOf(entry.detail))));
	node.update = (now) => set(name, { textContent: now.entry.user ? now.entry.user.name || now.entry.user.email : 'A deleted account' });
	return node;
}

/* Returns a section with the rows that path returns, loaded again when version() has changed. told(answer) gets each answer. */
export function auditSection(path, version, told = () => {}) {
	return loadedSection('Changes', el('ol', { className: 'events' }), path, version, (answer) => {
		told(answer);
		return answer.entries.map((entry) => ({ key: entry.id, entry }));
	}, makeEntry, 'Nothing has been changed yet.');
}

addPart(60, (page) => {
	if (!may('manage'))
		return null;
	const node = auditSection('/api/admin/titles/' + page.id + '/audit', () => server.accounts + ' ' + server.catalogue), { update } = node;
	node.update = (now) => {
		set(node, { hidden: !may('manage') });
		if (may('manage'))
			update(now);
	};
	return node;
});
