/* Pages of the console, by the fragment of the address: #title/7. Any other fragment, such as that of a jump link, shows the first page. */
import { $, el, hub, tell } from './dom.js';
import { server } from './server.js';
import { beforeLeaving, signedIn } from './session.js';

const pages = new Map();
let shown = null;		/* { hash, page } */
let staying = false;		/* the fragment is being set back */

/* Adds a page. open(id, sheet) fills it, draw() updates it, mayLeave() returns false to stay, close() forgets it. */
export function addPage(name, page) {
	pages.set(name, { draw: () => {}, mayLeave: () => true, close: () => {}, ...page });
}

/* Returns a link to another page. */
export const back = (href, text) => el('p', {}, el('a', { href, className: 'back' }, text));

/*
 * Returns a page that opens when it is known that the role may see it; a role that may not, or may no longer, is told so, with the name of what it may not see.
 * allowed() tells if it may, and as a text what of it: if that changes, the page opens again. close() forgets the page, renew() follows changes on the server.
 */
export function guarded(what, allowed, openIt, close, renew) {
	let wanted = null, sees = null;		/* sees: null until it is known */
	const refusal = () => $('sheet').replaceChildren(back('#titles-section', 'All titles'), el('p', { className: 'notice bad' }, 'The role of your account may not see ' + what + '.'));
	return {
		open(id, sheet) {
			wanted = { id, sheet };
		},
		draw() {
			if (!server.overview.may)
				return;
			if (sees === allowed()) {
				if (sees)
					renew();
				return;
			}
			if (sees)
				close();
			sees = allowed();
			$('sheet').replaceChildren();
			if (sees)
				openIt(wanted.id, wanted.sheet);
			else
				refusal();
		},
		close() {
			wanted = sees = null;
			close();
		},
	};
}

function wanted() {
	const [name, id = ''] = location.hash.slice(1).split('/');
	return pages.has(name) ? { page: pages.get(name), id } : null;
}

function closeShown() {
	if (shown)
		shown.page.close();
	shown = null;
	$('sheet').replaceChildren();
}

/* Shows the first page, where a jump link may point to. */
function showFirst(focus) {
	$('sheet').hidden = true;
	$('sheet').parentNode.classList.remove('away');
	const target = location.hash && document.getElementById(location.hash.slice(1));
	if (target)
		target.scrollIntoView();
	if (focus)
		(target || $('titles-section')).focus();
}

function show() {
	const next = wanted();
	if (shown && shown.hash !== location.hash && !shown.page.mayLeave()) {
		staying = true;
		location.hash = shown.hash;
		return;
	}
	if (!signedIn() || (shown && shown.hash === location.hash))
		return;
	const before = shown;
	closeShown();
	if (!next) {
		showFirst(Boolean(before));
		return;
	}
	shown = { hash: location.hash, page: next.page };
	$('sheet').hidden = false;
	$('sheet').parentNode.classList.add('away');
	scrollTo(0, 0);
	next.page.open(next.id, $('sheet'));
	tell('draw');
	$('sheet').focus();
}

window.addEventListener('hashchange', () => {
	if (staying)
		staying = false;
	else
		show();
});
window.addEventListener('beforeunload', (event) => {
	if (shown && !shown.page.mayLeave(true))
		event.preventDefault();
});
beforeLeaving.push(() => !shown || shown.page.mayLeave());
hub.addEventListener('enter', show);
hub.addEventListener('gone', closeShown);
hub.addEventListener('draw', () => {
	if (shown)
		shown.page.draw();
});
