/* Administrators, their invitations and roles; viewers, their purchases, and the reset of an account that is barred from pay per view. */
import { $, arrange, el, hub, offer, say, set } from './dom.js';
import { auditSection } from './audit.js';
import { moment } from './history.js';
import { addPage, back, guarded } from './pages.js';
import { keyedPurchases, makePurchase } from './purchases.js';
import { may, peopleVersion, server } from './server.js';
import { api, session } from './session.js';
import { section } from './title.js';

const ROLES = ['SUPER_ADMIN', 'CONTENT_MANAGER', 'BLOG_EDITOR', 'MODERATOR', 'SUPPORT', 'FINANCE', 'ANALYTICS', 'OPS'];
const VIEWERS = 50;
const FIND_MS = 200;

const roleName = (role) => role.charAt(0) + role.slice(1).toLowerCase().replaceAll('_', ' ');
const options = (chosen) => ROLES.map((role) => el('option', { value: role, selected: role === chosen }, roleName(role)));

let open = null;		/* { id, sheet, trouble, away, seen, loads, … } of the page that is shown */

function tellTrouble(text) {
	if (open)
		set(open.trouble, { textContent: text, hidden: !text });
}

/* Tells that the page could not be loaded, or takes that back. The next poll tries again. */
function tellAway(page, error) {
	if (error)
		page.seen = null;
	set(page.away, { textContent: error ? error.message + ' Retrying.' : '', hidden: !error });
}

/* Loads the page if something has changed on the server. */
function renew() {
	if (open.seen !== peopleVersion())
		open.load();
	open.draw();
}

const alerted = () => el('p', { className: 'notice bad', role: 'alert', hidden: true });

/* Runs a change and shows its failure; loads the page again. Returns if it succeeded. */
async function attempt(step, done) {
	const page = open;
	let fine = true;
	tellTrouble('');
	try {
		await step();
		say(done);
	} catch (error) {
		fine = false;
		if (open === page)
			tellTrouble(error.message);
	}
	if (open === page)
		page.load();
	return fine;
}

function makePerson(actionsOf) {
	return ({ person }) => {
		const name = el('bdi', {}), link = el('a', { href: '#person/' + person.id }, name), about = el('span', { className: 'hint' }), actions = el('div', { className: 'job-actions wrap' });
		const node = el('li', { className: 'event person' }, el('p', {}, link, ' ', about), actions);
		node.update = (now) => {
			set(name, { textContent: now.person.name || now.person.email });
			set(about, { textContent: now.person.email + (now.person.status ? ' · ' + now.person.status : '') });
			actionsOf(now.person, actions);
		};
		return node;
	};
}

/* The choice of the role of an administrator; nobody can change the own one. A choice that has not been sent stays, unless somebody else has changed the role. */
function roleOf(person, holder) {
	if (person.id === session.load().user) {
		holder.replaceChildren(el('span', { className: 'hint' }, roleName(person.role) + ' (you)'));
		return;
	}
	if (holder.firstChild && holder.dataset.role === person.role)
		return;
	const focused = holder.contains(document.activeElement), select = el('select', { ariaLabel: 'Role of ' + (person.name || person.email) }, ...options(person.role));
	const apply = el('button', { type: 'button', ariaLabel: 'Change the role: ' + (person.name || person.email), hidden: true }, 'Change');
	select.addEventListener('change', () => { apply.hidden = select.value === person.role; });
	apply.addEventListener('click', async () => {
		const to = select.value;
		holder.replaceChildren();
		await attempt(() => api('PATCH', '/api/admin/users/' + person.id + '/role', { role: to }), (person.name || person.email) + ' is now ' + roleName(to) + '.');
	});
	holder.dataset.role = person.role;
	holder.replaceChildren(select, apply);
	if (focused)
		select.focus();
}

function makeInvite() {
	const name = el('bdi', {}), about = el('span', { className: 'hint' }), actions = el('div', { className: 'job-actions' }), node = el('li', { className: 'event person' }, el('p', {}, name, ' ', about), actions);
	node.update = ({ invite }) => {
		set(name, { textContent: invite.email });
		set(about, { textContent: roleName(invite.role) + ' · invited, until ' + moment(invite.expiresAt) });
		offer(actions, [['Revoke', () => attempt(() => api('DELETE', '/api/admin/invitations/' + invite.id), 'The invitation of ' + invite.email + ' has been revoked.')]], invite.email);
	};
	return node;
}

function makeInviteForm() {
	const email = el('input', { name: 'email', type: 'email', autocomplete: 'off' }), role = el('select', { name: 'role' }, ...options('CONTENT_MANAGER'));
	const note = el('p', { className: 'field-note', role: 'alert', id: 'invite-note', hidden: true });
	const form = el('form', { className: 'invite', noValidate: true }, el('label', {}, 'Email', email), el('label', {}, 'Role', role), el('button', { className: 'primary', type: 'submit' }, 'Invite'), note);
	email.setAttribute('aria-describedby', note.id);
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		try {
			await api('POST', '/api/admin/invitations', { email: email.value.trim(), role: role.value });
			set(note, { hidden: true });
			say(email.value + ' has been invited.');
			email.value = '';
			await open?.load();
		} catch (error) {
			set(note, { hidden: false, textContent: error.message });
		}
		email.focus();
	});
	return form;
}

/* Loads staff, invitations and the viewers that match. What was asked before the page was left, or before another answer, is dropped. */
async function loadPeople(page) {
	const turn = ++page.loads, wanted = page.find.value.trim(), dropped = () => open !== page || page.loads !== turn;
	page.seen = peopleVersion();
	try {
		const [staff, { invites }, viewers] = await Promise.all([api('GET', '/api/admin/users'), may('invite') ? api('GET', '/api/admin/invitations?limit=200') : { invites: [] },
			api('GET', '/api/admin/users/all?limit=' + VIEWERS + (wanted ? '&q=' + encodeURIComponent(wanted) : ''))]);
		if (dropped())
			return;
		const waits = ({ acceptedAt, expiresAt }) => !acceptedAt && Date.parse(expiresAt) > Date.now();
		page.draw = () => arrange(page.invites, invites.filter(waits).map((invite) => ({ key: invite.id, invite })), makeInvite);		/* they expire without a change */
		page.draw();
		arrange(page.staff, staff.users.map((person) => ({ key: person.id, person })), makePerson(roleOf));
		arrange(page.viewers, viewers.users.map((person) => ({ key: person.id, person })), makePerson(() => {}));
		set(page.none, { hidden: viewers.users.length > 0, textContent: wanted ? 'No viewer matches.' : 'There are no viewers yet.' });
		tellAway(page, null);
	} catch (error) {
		if (!dropped())
			tellAway(page, error);
	}
}

function openPeople(id, sheet) {
	const list = () => el('ul', { className: 'events' }), find = el('input', { type: 'search', placeholder: 'Name or email' });
	const page = open = { sheet, trouble: alerted(), away: alerted(), staff: list(), invites: list(), viewers: list(), find, loads: 0, draw: () => {},
		none: el('p', { className: 'hint' }, 'Loading') };
	let finding = null;
	page.load = () => loadPeople(page);
	find.addEventListener('input', () => {
		clearTimeout(finding);
		finding = setTimeout(page.load, FIND_MS);
	});
	sheet.append(back('#titles-section', 'All titles'), el('h2', { className: 'sheet-title' }, 'People'), page.trouble, page.away,
		section('Administrators', ...(may('invite') ? [makeInviteForm()] : []), page.invites, page.staff),
		section('Viewers', el('label', {}, 'Find a viewer', find), page.none, page.viewers));
	page.load();
}

async function loadPurchases(page) {
	const turn = ++page.loads, dropped = () => open !== page || page.loads !== turn;
	if (!may('payments'))
		return;
	try {
		const { items, totalSuccessAmountNaira } = await api('GET', '/api/admin/ppv/purchases?limit=200&userId=' + page.id);
		if (dropped())
			return;
		arrange(page.purchases, keyedPurchases(items), makePurchase(false));
		set(page.sum, { textContent: items.length ? 'Paid in all: ' + totalSuccessAmountNaira + ' NGN' : 'This person has bought nothing.' });
		if (!may('people'))
			drawBuyer(page, items.length ? items[0].user : null);
		tellAway(page, null);
	} catch (error) {
		if (!dropped())
			tellAway(page, error);
	}
}

/* Removes an account after its e-mail address has been typed. */
function removeAsked(page, user) {
	const typed = prompt('Delete the account of ' + (user.name || user.email) + ' with its profiles and purchases? Type its email address to confirm.');
	if (typed === null)
		return;
	if (typed.trim().toLowerCase() !== user.email.toLowerCase())
		tellTrouble('The account has not been deleted: another address was typed.');
	else
		attempt(() => api('DELETE', '/api/admin/users/' + page.id), user.email + ' has been deleted.');
}

function drawPerson(page, user) {
	set(page.name, { textContent: user ? user.name || user.email : 'Account ' + page.id });
	set(page.about, { textContent: !user ? 'This account does not exist. It may have been deleted.' : user.email + ' · ' + (user.role === 'USER' ? 'Viewer' : roleName(user.role)) +
		' since ' + moment(user.createdAt) + (user.ppvBanned ? ' · barred from pay per view' : user.ppvStrikeCount ? ' · ' + user.ppvStrikeCount + ' strikes in pay per view' : '') });
	const buttons = [];
	if (user && may('reset') && (user.ppvBanned || user.ppvStrikeCount))
		buttons.push(['Reset pay per view', () => attempt(() => api('POST', '/api/admin/ppv/users/' + page.id + '/reset', {}), 'Strikes and bar of ' + user.email + ' have been removed.')]);
	if (user && page.id !== session.load().user)
		buttons.push(['Delete account', () => removeAsked(page, user)]);
	offer(page.actions, buttons, user ? user.email : page.id);
}

/* The head of the page for a role that may not see people: what the purchases tell of the viewer. The state of pay per view is not known. */
function drawBuyer(page, user) {
	set(page.name, { textContent: user ? user.name || user.email : 'Account ' + page.id });
	set(page.about, { textContent: user ? user.email : '', hidden: !user });
	offer(page.actions, may('reset') ? [['Reset pay per view', () => attempt(() => api('POST', '/api/admin/ppv/users/' + page.id + '/reset', {}), 'Strikes and bar have been removed.')]] : [],
		user ? user.email : page.id);
}

function openPerson(id, sheet) {
	const page = open = { id, sheet, trouble: alerted(), away: alerted(), name: el('bdi', {}, 'Account'), about: el('p', { className: 'hint' }), loads: 0,
		actions: el('div', { className: 'job-actions wrap' }), purchases: el('ol', { className: 'events' }), sum: el('p', { className: 'hint' }, 'Loading') };
	const audit = may('people') ? auditSection('/api/admin/users/' + id + '/audit', () => peopleVersion() + ' ' + page.loads, ({ user }) => open === page && drawPerson(page, user)) : null;
	page.draw = () => audit && audit.update();
	page.load = () => {
		page.seen = peopleVersion();
		loadPurchases(page);
		page.draw();
	};
	sheet.append(may('people') ? back('#people', 'People') : back('#purchases', 'Purchases'), el('h2', { className: 'sheet-title' }, page.name), page.about, page.actions, page.trouble, page.away,
		...(may('payments') ? [section('Purchases', page.sum, page.purchases)] : []), ...(audit ? [audit] : []));
	page.load();
}

const close = () => { open = null; };

addPage('people', guarded('people', () => may('people') && (may('invite') ? 'invite' : 'people'), openPeople, close, renew));
addPage('person', guarded('people', () => (may('people') || may('payments')) && ['people', 'payments', 'reset'].filter(may).join(), openPerson, close, renew));
hub.addEventListener('draw', () => { $('people-link').hidden = !(server.overview.may && may('people')); });
