/* The state of titles: publish, unpublish, archive, restore and delete, for one title or for several. */
import { el, say, tell, tellOf } from './dom.js';
import { server, watchNow } from './server.js';
import { api } from './session.js';

const AT_ONCE = 4;		/* requests for a selection */

const path = (id) => '/api/admin/titles/' + id;
const patch = (fields) => (id) => api('PATCH', path(id), fields);
const DRAFT = { archived: true, pendingReview: true }, ARCHIVED = { archived: true, pendingReview: false }, PUBLISHED = { archived: false, pendingReview: false };

/* fields: what the title has afterwards; none if it is gone. */
const KINDS = {
	publish: { label: 'Publish', send: (id) => api('POST', path(id) + '/publish', {}), fields: PUBLISHED, done: 'published' },
	unpublish: { label: 'Unpublish', send: patch(DRAFT), fields: DRAFT, done: 'unpublished' },
	archive: { label: 'Archive', send: patch(ARCHIVED), fields: ARCHIVED, done: 'archived' },
	restore: { label: 'Restore', send: patch(DRAFT), fields: DRAFT, done: 'restored as a draft' },
	delete: { label: 'Delete', send: (id) => api('DELETE', path(id)), fields: null, done: 'deleted' },
};
export const ORDER_OF_KINDS = Object.keys(KINDS);

export const labelOf = (kind) => KINDS[kind].label;

/* Returns the changes that a title may undergo. A movie without a film cannot be published. */
export function kindsOf(title, ready) {
	const publish = ready.length || title.type === 'SERIES' ? ['publish'] : [];
	if (title.archived && !title.pendingReview)
		return ['restore', 'delete'];
	if (title.archived || title.pendingReview)
		return [...publish, 'archive', 'delete'];
	return ['unpublish', 'archive', 'delete'];
}

/* Changes a title of the server and the lists of this page. */
async function apply(kind, id) {
	const { send, fields } = KINDS[kind];
	await send(id);
	if (fields)
		Object.assign(server.titles.find((t) => t.id === id) || {}, fields);
	else
		server.titles = server.titles.filter((t) => t.id !== id);
}

/* Changes one title. A failure is told with the name of the title. Returns if it succeeded. */
export async function change(kind, id, name) {
	let fine = true;
	try {
		await apply(kind, id);
		tellOf(kind + ' ' + id, '');
		say(name + ' is ' + KINDS[kind].done + '.');
		tell('draw');
	} catch (error) {
		fine = false;
		tellOf(kind + ' ' + id, name + ' could not be ' + KINDS[kind].done + ': ' + error.message);
	}
	if (fine)
		watchNow();
	return fine;
}

/* Changes several titles; all failures are one message. */
export async function changeAll(kind, titles) {
	const queue = [...titles], failed = [];
	const work = async () => {
		for (let title = queue.shift(); title; title = queue.shift()) {
			const { id, name } = title;
			await apply(kind, id).catch((error) => failed.push(name + ': ' + error.message));
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, work));
	const count = titles.length - failed.length;
	tellOf('selection ' + kind, failed.length ? failed.length + ' of ' + titles.length + ' titles could not be ' + KINDS[kind].done + '. ' + failed.join('. ') : '');
	if (count)
		say(count + (count === 1 ? ' title is ' : ' titles are ') + KINDS[kind].done + '.');
	tell('draw');
	watchNow();
}

const plain = (text) => text.normalize('NFC').replace(/\s+/g, ' ').trim();

/*
 * Asks for the name of the title, or for "delete 3 titles", as typed text. Resolves to true if it was typed and confirmed. The dialog is made for each
 * question, so that nothing of another person is left in it.
 */
export function confirmDelete(titles) {
	const one = titles.length === 1, phrase = one ? titles[0].name : 'delete ' + titles.length + ' titles';
	const typed = el('input', { autocomplete: 'off', spellcheck: false }), go = el('button', { type: 'submit', className: 'danger', disabled: true }, 'Delete');
	const cancel = el('button', { type: 'button', className: 'quiet' }, 'Cancel');
	const heading = el('h2', { id: 'delete-h' }, 'Delete ', one ? el('bdi', {}, titles[0].name) : titles.length + ' titles');
	const form = el('form', { method: 'dialog', className: 'delete-form' }, heading,
		el('p', {}, 'Films, subtitles, images, seasons and episodes of ' + (one ? 'this title' : 'these titles') + ' are deleted for good, also for those who have bought ' +
			(one ? 'it' : 'them') + '. To take ' + (one ? 'it' : 'them') + ' away from viewers only, unpublish or archive ' + (one ? 'it' : 'them') + '.'),
		el('label', {}, 'To confirm, type ', el('strong', {}, el('bdi', {}, phrase)), typed), el('p', { className: 'actions' }, cancel, go));
	const dialog = el('dialog', {}, form);
	dialog.setAttribute('aria-labelledby', 'delete-h');
	return new Promise((done) => {
		let sure = false;
		typed.addEventListener('input', () => { go.disabled = plain(typed.value) !== plain(phrase); });
		form.addEventListener('submit', () => { sure = !go.disabled; });
		cancel.addEventListener('click', () => dialog.close());
		dialog.addEventListener('close', () => {
			dialog.remove();
			done(sure);
		});
		document.body.append(dialog);
		dialog.showModal();
		typed.focus();
	});
}

/* Deletes one title after the question. Returns if it is gone. */
export async function removeAsked(id, name) {
	return await confirmDelete([{ name }]) && change('delete', id, name);
}
