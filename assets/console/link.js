/* The link to a title in the viewers' application. */
import { el, say, set } from './dom.js';
import { server } from './server.js';
import { addPart, section } from './title.js';

async function copy(input) {
	try {
		await navigator.clipboard.writeText(input.value);
		say('The link has been copied.');
	} catch {
		input.select();			/* the browser does not allow it: ready for the keyboard */
		input.focus();
		say('The link is selected. Copy it with the keyboard.');
	}
}

addPart(10, (page) => {
	if (!server.overview.appOrigin)
		return null;
	const input = el('input', { readOnly: true, value: server.overview.appOrigin + '/title/' + page.id }), button = el('button', { type: 'button' }, 'Copy link');
	const open = el('a', { className: 'button', href: input.value, target: '_blank', rel: 'noopener' }, 'Open in the app');
	const hint = el('p', { className: 'hint' }, 'Viewers cannot open it before the title is published.');
	button.addEventListener('click', () => copy(input));
	const node = section('Link for viewers', el('div', { className: 'link' }, el('label', {}, 'Address', input), button, open), hint);
	node.update = ({ title }) => set(hint, { hidden: !(title.archived || title.pendingReview) });
	return node;
});
