/* Purchases of pay per view: those of a viewer, and a page with those of all, for roles that may read them. */
import { $, arrange, el, hub, set } from './dom.js';
import { moment } from './history.js';
import { addPage, back, guarded } from './pages.js';
import { may, server } from './server.js';
import { api } from './session.js';
import { section } from './title.js';

const MOST = 200;		/* of one request */
const FIND_MS = 200;
const STATES = ['SUCCESS', 'PENDING', 'FAILED', 'CANCELLED'];

let open = null;		/* { find, state, list, sum, more, items } of the page that is shown */

/* Returns a row of a list of purchases; withBuyer tells if it names the viewer. */
export function makePurchase(withBuyer) {
	return ({ purchase: { title, user } }) => {
		const name = el(server.refused ? 'span' : 'a', server.refused ? {} : { href: '#title/' + title.id }, el('bdi', {}, title.name)), about = el('span', {}), hint = el('span', {});
		const buyer = withBuyer ? [el('a', { href: '#person/' + user.id }, el('bdi', {}, user.email)), ' · '] : [];
		const node = el('li', { className: 'event' }, el('p', {}, name, about), el('p', { className: 'hint' }, ...buyer, hint));
		node.update = ({ purchase }) => {
			set(about, { textContent: ' ' + purchase.amountNaira + ' NGN · ' + purchase.status.toLowerCase() });
			set(hint, { textContent: moment(purchase.createdAt) + ' · ' + purchase.gateway + ' · ' + purchase.paystackRef });
		};
		return node;
	};
}

export const keyedPurchases = (items) => items.map((purchase) => ({ key: purchase.id, purchase }));

/* Loads the purchases that match, or, after those that are shown, more of them. What was asked before another choice is dropped. */
async function load(page, more) {
	const turn = ++page.loads, before = more ? page.items : [], q = page.find.value.trim(), { value } = page.state;
	try {
		const answer = await api('GET', '/api/admin/ppv/purchases?limit=' + MOST + '&offset=' + before.length + (value && '&status=' + value) + (q && '&q=' + encodeURIComponent(q)));
		if (open !== page || page.loads !== turn)
			return;
		const known = new Set(before.map((purchase) => purchase.id));		/* a new purchase moves the older ones to the next answer */
		page.items = [...before, ...answer.items.filter((purchase) => !known.has(purchase.id))];
		arrange(page.list, keyedPurchases(page.items), makePurchase(true));
		set(page.sum, { textContent: answer.totalCount ? answer.totalCount + (answer.totalCount === 1 ? ' purchase' : ' purchases') + ' · paid in all: ' + answer.totalSuccessAmountNaira + ' NGN' :
			q || value ? 'No purchase matches.' : 'There are no purchases yet.' });
		set(page.more, { hidden: !answer.items.length || page.items.length >= answer.totalCount });
	} catch (error) {
		if (open === page && page.loads === turn)
			set(page.sum, { textContent: error.message });
	}
}

function openPurchases(id, sheet) {
	const find = el('input', { type: 'search', autocomplete: 'off' }), more = el('button', { type: 'button', hidden: true }, 'Show more purchases');
	const state = el('select', {}, el('option', { value: '' }, 'All'), ...STATES.map((value) => el('option', { value }, value.charAt(0) + value.slice(1).toLowerCase())));
	const page = open = { find, state, more, list: el('ol', { className: 'events' }), sum: el('p', { className: 'hint', role: 'status' }, 'Loading'), items: [], loads: 0 };
	let finding = null;
	find.addEventListener('input', () => {
		clearTimeout(finding);
		finding = setTimeout(load, FIND_MS, page, false);
	});
	state.addEventListener('change', () => load(page, false));
	more.addEventListener('click', () => load(page, true));
	sheet.append(...(server.refused ? [] : [back('#titles-section', 'All titles')]), el('h2', { className: 'sheet-title' }, 'Purchases'),
		el('div', { className: 'filters' }, el('label', {}, 'Email of the viewer, or reference', find), el('label', {}, 'State', state)),
		section('Newest first', page.sum, page.list, el('p', {}, more)));
	load(page, false);
}

addPage('purchases', guarded('purchases', () => may('payments'), openPurchases, () => { open = null; }));
hub.addEventListener('draw', () => { $('purchases-link').hidden = !(server.overview.may && may('payments')); });
