/* Shared by all parts of the console: elements of the page, lists that keep their elements, texts, and the events of the page. */

const SAID_MS = 10000;		/* after which a text that was announced goes */

export const RENDITIONS = { R4K: '4K', R2K: '1440p', R1080: '1080p', R720: '720p', R360: '360p' };
export const ORDER = Object.keys(RENDITIONS);

/* Events of the page: enter (somebody has signed in), leave (signed out or the session
 * has ended), gone (what belongs to the last person has to go), draw (something has changed), discarded (an upload, by this page). */
export const hub = new EventTarget();
export const tell = (type) => hub.dispatchEvent(new Event(type));

export const $ = (id) => document.getElementById(id);
export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/* Creates an element. Texts of the server and file names become text nodes, never markup. */
export function el(tag, props, ...children) {
	const node = Object.assign(document.createElement(tag), props);
	node.append(...children.filter((child) => child !== null && child !== undefined));
	return node;
}

let saying = null;

/* Announces a text to screen readers. It goes after that, so that nobody who moves through the page comes upon it again. */
export function say(text) {
	clearTimeout(saying);
	$('say').textContent = text;
	saying = setTimeout(() => { $('say').textContent = ''; }, SAID_MS);
}

export function notice(id, text) {
	$(id).textContent = text || '';
	$(id).hidden = !text;
}

/* Shows a message about a subject, such as 'publish 7', until it is closed or replaced by another one about it. An empty text removes it. */
export function tellOf(subject, text) {
	const before = [...$('messages').children].find((node) => node.dataset.subject === subject);
	if (before)
		before.remove();
	if (!text)
		return;
	const close = el('button', { type: 'button', className: 'quiet', ariaLabel: 'Close: ' + text }, 'Close');
	const node = el('div', { className: 'notice bad message' }, el('p', { role: 'alert' }, text), close);
	node.dataset.subject = subject;
	close.onclick = () => {
		const next = node.nextElementSibling || node.previousElementSibling;
		node.remove();
		(next ? next.querySelector('button') : $('sheet').hidden ? $('drop') : $('sheet')).focus();
	};
	$('messages').append(node);
}

hub.addEventListener('gone', () => $('messages').replaceChildren());

export function size(bytes) {
	const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
	let i = 0;
	while (bytes >= 1000 && i < units.length - 1) {
		bytes /= 1000;
		i++;
	}
	return (i && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + ' ' + units[i];
}

/* Updates a list with one element for each key. Existing elements are kept, so that they keep the focus. */
export function arrange(list, items, make) {
	const kept = new Map([...list.children].map((node) => [node.dataset.key, node]));
	items.forEach((item, index) => {
		let node = kept.get(item.key);
		if (!node) {
			node = make(item);
			node.dataset.key = item.key;
		}
		kept.delete(item.key);
		if (list.children[index] !== node)
			list.insertBefore(node, list.children[index] || null);
		node.update(item);
	});
	kept.forEach((node) => node.remove());
}

export function set(node, props) {
	for (const [name, value] of Object.entries(props)) {
		if (node[name] !== value)
			node[name] = value;
	}
}

/* Moves the focus to the first button of a holder in a row, or to the row itself. */
export function focusRow(row, holder) {
	const button = holder && holder.querySelector('button');
	if (!button)
		row.tabIndex = -1;
	(button || row).focus();
}

/*
 * Updates the buttons of an item: [label, action, primary]. A button is identified by its label. If the one with the focus goes, the focus
 * stays in the row.
 */
export function offer(holder, buttons, about) {
	const items = buttons.map(([label, action, primary]) => ({ key: label, label, action, primary }));
	const focused = holder.contains(document.activeElement);
	arrange(holder, items, (item) => {
		const button = el('button', { type: 'button', className: item.primary ? 'primary' : '' }, item.label);
		button.update = (now) => {
			button.onclick = now.action;
			button.setAttribute('aria-label', now.label + ': ' + about);
		};
		return button;
	});
	holder.hidden = !items.length;
	if (focused && !holder.contains(document.activeElement))
		focusRow(holder.closest('li, [tabindex]'), holder);
}
