/* Purchases of pay per view: those of a viewer, and a page with those of all, for roles that may read them. */
import { $, arrange, el, hub, set } from './dom.js';
import { moment } from './history.js';
import { addPage, back, guarded } from './pages.js';
import { may, peopleVersion, server } from './server.js';
import { api } from './session.js';
import { section } from './title.js';

const MOST = 200;		/* of one request */
const FIND_MS = 200;
const STATES = ['SUCCESS', 'PENDING', 'FAILED', 'CANCELLED'];

let open = null;		/* { find, state, list, sum, more, items, seen } of the page that is shown */

/* Returns a row of a list of purchases; withBuyer tells if it names the viewer. */
export function makePurchase(withBuyer) {
	return ({ purchase: { title, user } }) => {
		const name = el(server.refused ? 'span' : 'a', server.refused ? {} : { href: '#title/' + title.id }, el('bdi', {}, title.name)), about = el('span', {}), hint = el('span', {});
		const buyer = withBuyer ? [el('a', { href: '#person/' + user.id }, el('bdi', {}, user.email)), ' · '] : [];
		const node = el('li', { className: 'event' }, el('p', {}, name, about), el('p', { className: 'hint' }, ...buyer, hint));
		node.update = ({ purchase }) => {
			set(name.firstChild, { textContent: purchase.title.name });
			if (withBuyer)
				set(buyer[0].firstChild, { textContent: purchase.user.email });
			set(about, { textContent: ' ' + purchase.amountNaira + ' NGN · ' + purchase.status.toLowerCase() });
			set(hint, { textContent: moment(purchase.createdAt) + ' · ' + purchase.gateway + ' · ' + purchase.paystackRef });
		};
		return node;
	};
}

export const keyedPurchases = (items) => items.map((purchase) => ({ key: purchase.id, purchase }));

/* Loads at least the newest wanted purchases that match, after those of before. What was asked before another choice is dropped. */
async function load(page, wanted, before = []) {
	const turn = ++page.loads, q = page.find.value.trim(), { value } = page.state, known = new Map(before.map((purchase) => [purchase.id, purchase]));
	page.seen = peopleVersion();
	try {
		let answer;
		do {
			answer = await api('GET', '/api/admin/ppv/purchases?limit=' + MOST + '&offset=' + known.size + (value && '&status=' + value) + (q && '&q=' + encodeURIComponent(q)));
			if (open !== page || page.loads !== turn)
				return;
			answer.items.forEach((purchase) => known.set(purchase.id, purchase));		/* a new purchase moves the older ones to the next answer */
		} while (answer.items.length && known.size < Math.min(wanted, answer.totalCount));
		page.items = [...known.values()];
		arrange(page.list, keyedPurchases(page.items), makePurchase(true));
		set(page.sum, { textContent: answer.totalCount ? answer.totalCount + (answer.totalCount === 1 ? ' purchase' : ' purchases') + ' · paid in all: ' + answer.totalSuccessAmountNaira + ' NGN' :
			q || value ? 'No purchase matches.' : 'There are no purchases yet.' });
		set(page.more, { hidden: !answer.items.length || page.items.length >= answer.totalCount });
	} catch (error) {
		if (open !== page || page.loads !== turn)
			return;
		page.seen = null;		/* the next poll tries again */
		set(page.sum, { textContent: error.message });
	}
}

const renew = () => open.seen !== peopleVersion() && load(open, Math.max(MOST, open.items.length));

function openPurchases(id, sheet) {
	const find = el('input', { type: 'search', autocomplete: 'off' }), more = el('button', { type: 'button', hidden: true }, 'Show more purchases');
	const state = el('select', {}, el('option', { value: '' }, 'All'), ...STATES.map((value) => el('option', { value }, value.charAt(0) + value.slice(1).toLowerCase())));
	const page = open = { find, state, more, list: el('ol', { className: 'events' }), sum: el('p', { className: 'hint', role: 'status' }, 'Loading'), items: [], loads: 0 };
	let finding = null;
	find.addEventListener('input', () => {
		clearTimeout(finding);
		finding = setTimeout(load, FIND_MS, page, MOST);
	});
	state.addEventListener('change', () => load(page, MOST));
	more.addEventListener('click', () => load(page, page.items.length + MOST, page.items));
	sheet.append(...(server.refused ? [] : [back('#titles-section', 'All titles')]), el('h2', { className: 'sheet-title' }, 'Purchases'),
		el('div', { className: 'filters' }, el('label', {}, 'Email of the viewer, or reference', find), el('label', {}, 'State', state)),
		section('Newest first', page.sum, page.list, el('p', {}, more)));
	load(page, MOST);
}

addPage('purchases', guarded('purchases', () => may('payments'), openPurchases, () => { open = null; }, renew));
hub.addEventListener('draw', () => { $('purchases-link').hidden = !(server.overview.may && may('payments')); });
